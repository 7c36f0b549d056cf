//! The methods: which there are, and how each is carried out. Those that answer at once are in the files below, by
//! subject: what they read, what the server refuses before Telegram is asked, and what they answer. The order of the
//! checks is the server's own.

mod call;
mod commands;
mod itself;
mod links;
mod members;
mod messages;
mod requests;

pub(super) use call::{Call, Outcome};
pub(super) use members::{Unban, unban};

/// A method: its proper name, and how it is carried out.
#[derive(Clone, Copy)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) run: Run,
}

/// How a method is carried out.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// In one turn of the world.
    AtOnce(fn(&mut Call) -> Outcome),
    GetUpdates,
    SetWebhook,
    DeleteWebhook,
    GetWebhookInfo,
    Unban,
}

/// The method of this name in lower case.
pub(super) fn find(lower_case: &str) -> Option<Method> {
    let at_once = |name, run| Method { name, run: Run::AtOnce(run) };
    Some(match lower_case {
        "createchatinvitelink" => at_once("createChatInviteLink", links::create),
        "exportchatinvitelink" => at_once("exportChatInviteLink", links::export),
        "editchatinvitelink" => at_once("editChatInviteLink", links::edit),
        "createchatsubscriptioninvitelink" => {
            at_once("createChatSubscriptionInviteLink", links::create_subscription)
        }
        "editchatsubscriptioninvitelink" => {
            at_once("editChatSubscriptionInviteLink", links::edit_subscription)
        }
        "revokechatinvitelink" => at_once("revokeChatInviteLink", links::revoke),
        "approvechatjoinrequest" => at_once("approveChatJoinRequest", requests::approve),
        "declinechatjoinrequest" => at_once("declineChatJoinRequest", requests::decline),
        "answerchatjoinrequestquery" => at_once("answerChatJoinRequestQuery", requests::answer_query),
        "sendchatjoinrequestwebapp" => at_once("sendChatJoinRequestWebApp", requests::send_web_app),
        "getme" => at_once("getMe", itself::get_me),
        "getchat" => at_once("getChat", members::get_chat),
        "getchatmember" => at_once("getChatMember", members::get_chat_member),
        "getchatadministrators" => at_once("getChatAdministrators", members::get_chat_administrators),
        "getchatmembercount" | "getchatmemberscount" => {
            at_once("getChatMemberCount", members::get_chat_member_count)
        }
        "banchatmember" | "kickchatmember" => at_once("banChatMember", members::ban),
        "leavechat" => at_once("leaveChat", members::leave),
        "sendmessage" => at_once("sendMessage", messages::send_message),
        "answercallbackquery" => at_once("answerCallbackQuery", messages::answer_callback),
        "setmycommands" => at_once("setMyCommands", commands::set),
        "getmycommands" => at_once("getMyCommands", commands::get),
        "deletemycommands" => at_once("deleteMyCommands", commands::delete),
        "logout" => at_once("logOut", itself::log_out),
        "close" => at_once("close", itself::close),
        "unbanchatmember" => Method { name: "unbanChatMember", run: Run::Unban },
        "getupdates" => Method { name: "getUpdates", run: Run::GetUpdates },
        "setwebhook" => Method { name: "setWebhook", run: Run::SetWebhook },
        "deletewebhook" => Method { name: "deleteWebhook", run: Run::DeleteWebhook },
        "getwebhookinfo" => Method { name: "getWebhookInfo", run: Run::GetWebhookInfo },
        _ => return None,
    })
}
