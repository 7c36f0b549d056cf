"""aiogram, unmodified, against the sandbox: `python drive.py ANNOUNCEMENT`, the JSON line the sandbox printed."""

import asyncio
import json
import logging
import sys
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone

from aiogram import Bot, Dispatcher, exceptions as refused
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import ChatMemberAdministrator, ChatMemberLeft, ChatMemberMember, ChatPermissions
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.types.base import TelegramObject
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import ClientSession, web

INVITE = ["can_invite_users", "can_restrict_members"]
PATIENCE_SECONDS = 15
# The real server still sends these old names, which the documentation has dropped.
OLD_NAMES = {"can_manage_voice_chats", "can_send_media_messages", "new_chat_participant", "new_chat_member",
             "left_chat_participant", "all_members_are_administrators"}


class Score:
    """One line per check, and the count of them."""

    passed = failed = 0

    def check(self, what, holds, seen=""):
        print(f"ok    {what}" if holds else f"WRONG {what}: {seen}", flush=True)
        self.passed += bool(holds)
        self.failed += not holds

    def equal(self, what, seen, expected):
        self.check(what, seen == expected, f"{seen!r}, expected {expected!r}")

    async def refuses(self, what, call, kind, text):
        """The call must fail with aiogram's own error class and Telegram's own words."""
        try:
            seen = await call
        except kind as error:
            self.check(what, text in str(error), error)
            return error
        except Exception as error:  # Whatever else it is, it is the answer to this check.
            seen = error
        self.check(what, False, repr(seen))


score = Score()


def strangers(thing, path=""):
    """Fields that aiogram's models do not know, anywhere in an object."""
    if isinstance(thing, list):
        return [found for each in thing for found in strangers(each, path)]
    if not isinstance(thing, TelegramObject):
        return []
    found = [f"{path}.{name}" for name in thing.model_extra if name not in OLD_NAMES]
    for name in type(thing).model_fields:
        found += strangers(getattr(thing, name), f"{path}.{name}")
    return found


class Town:
    """The sandbox: its Bot API through aiogram, and its control door, where people and misfortunes come from."""

    def __init__(self, announcement, http):
        self.at = announcement
        self.http = http
        self.server = TelegramAPIServer.from_base(announcement["bot_api"])

    @asynccontextmanager
    async def bot(self, token):
        async with Bot(token, session=AiohttpSession(api=self.server)) as bot:
            yield bot

    async def control(self, call, **body):
        async with self.http.post(f"{self.at['control']}/{call}", json=body) as answer:
            text = await answer.text()
            assert answer.status == 200, f"{call}: {text}"
            return json.loads(text)

    async def look(self, call):
        async with self.http.get(f"{self.at['control']}/{call}") as answer:
            return await answer.json()

    async def new_bot(self, username, **more):
        made = await self.control("bots", username=username, **more)
        return made["id"], made["token"]

    async def chat(self, title, bots, kind="supergroup", **more):
        bots = [{"id": id, "rights": rights} for id, rights in bots]
        return (await self.control("chats", kind=kind, title=title, bots=bots, **more))["chat_id"]

    async def person(self, first_name, **more):
        return (await self.control("people", first_name=first_name, **more))["id"]

    async def join(self, person, link=None, **more):
        where = {"link": link} if link else {}
        return (await self.control(f"people/{person}/join", **where, **more))["result"]

    async def now(self):
        return (await self.look("clock"))["now"]


class Ear:
    """aiogram's dispatcher, writing down what it hears."""

    def __init__(self, *kinds):
        self.dispatcher = Dispatcher()
        self.heard = {kind: asyncio.Queue() for kind in kinds}
        for kind, queue in self.heard.items():
            self.dispatcher.observers[kind].register(queue.put)

    async def next(self, kind):
        return await asyncio.wait_for(self.heard[kind].get(), PATIENCE_SECONDS)

    @asynccontextmanager
    async def polling(self, bot):
        asked_for = self.dispatcher.resolve_used_update_types()
        poll = asyncio.create_task(
            self.dispatcher.start_polling(
                bot, allowed_updates=asked_for, handle_signals=False, close_bot_session=False
            )
        )
        # The setting holds for updates that come after it, so the first one must be behind us.
        while set((await bot.get_webhook_info()).allowed_updates or ()) != set(asked_for):
            assert not poll.done(), poll.exception()
            await asyncio.sleep(0.02)
        try:
            yield self
        finally:
            await self.dispatcher.stop_polling()
            await poll


async def who_am_i(town):
    async with town.bot(town.at["token"]) as bot:
        me = await bot.get_me()
        score.check("getMe names a bot", me.is_bot and me.username, me)
        score.equal("getMe has no field aiogram does not know", strangers(me), [])
    async with town.bot("123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") as nobody:
        await score.refuses(
            "a wrong token is 401", nobody.get_me(), refused.TelegramUnauthorizedError, "Unauthorized"
        )


async def links(town):
    chat = town.at["chat_id"]
    async with town.bot(town.at["token"]) as bot:
        expiry = datetime.fromtimestamp(await town.now() + 86400, timezone.utc)
        link = await bot.create_chat_invite_link(
            chat, name="  spring \t 2026 ", expire_date=expiry, member_limit=2
        )
        score.check("a link is a t.me address", link.invite_link.startswith("https://t.me/+"), link)
        score.equal("its name was cleaned", link.name, "spring 2026")
        score.equal("its limit is kept", link.member_limit, 2)
        score.equal("its expiry is kept", link.expire_date, expiry)
        score.equal("its creator is the bot", link.creator.id, bot.id)
        flags = (link.is_primary, link.is_revoked, link.creates_join_request)
        score.equal("it is neither primary nor revoked nor by request", flags, (False, False, False))
        score.equal("it has no field aiogram does not know", strangers(link), [])
        long = await bot.create_chat_invite_link(chat, name="x" * 40)
        score.equal("a long name is cut to 32", long.name, "x" * 32)

        edited = await bot.edit_chat_invite_link(chat, link.invite_link, name="summer")
        score.equal("an edit keeps the address", edited.invite_link, link.invite_link)
        score.equal("an edit sets the name", edited.name, "summer")
        erased = (edited.expire_date, edited.member_limit)
        score.equal("an edit erases what it is not told", erased, (None, None))
        revoked = await bot.revoke_chat_invite_link(chat, link.invite_link)
        score.equal("a revoked link says so", (revoked.invite_link, revoked.is_revoked), (link.invite_link, True))

        door = await bot.create_chat_invite_link(chat, name="door", creates_join_request=True)
        score.equal("a request link has no limit", (door.creates_join_request, door.member_limit), (True, None))

        first = await bot.export_chat_invite_link(chat)
        second = await bot.export_chat_invite_link(chat)
        score.check("export replaces the primary link", first != second, second)
        described = await bot.get_chat(chat)
        score.equal("getChat shows the bot's primary link", described.invite_link, second)
        score.check("getChat has permissions", isinstance(described.permissions, ChatPermissions), described)
        score.equal("getChat has no field aiogram does not know", strangers(described), [])

        bad = refused.TelegramBadRequest
        await score.refuses(
            "a primary link cannot be edited",
            bot.edit_chat_invite_link(chat, second, name="x"), bad, "Bad Request: CHAT_INVITE_PERMANENT",
        )
        await score.refuses(
            "a limit and requests exclude each other",
            bot.create_chat_invite_link(chat, member_limit=1, creates_join_request=True), bad,
            "Bad Request: member limit can't be specified for links requiring administrator approval",
        )
        await score.refuses(
            "an expiry in the past",
            bot.create_chat_invite_link(chat, expire_date=await town.now() - 60), bad,
            "Bad Request: EXPIRE_DATE_INVALID",
        )
        await score.refuses(
            "a limit of 100000",
            bot.create_chat_invite_link(chat, member_limit=100_000), bad, "Bad Request: USAGE_LIMIT_INVALID",
        )
        await score.refuses(
            "a link nobody made",
            bot.revoke_chat_invite_link(chat, "https://t.me/+AAAAAAAAAAAAAAAA"), bad,
            "Bad Request: INVITE_HASH_EXPIRED",
        )
        await score.refuses(
            "a chat nobody knows",
            bot.create_chat_invite_link(-1009999999999), bad, "Bad Request: chat not found",
        )


async def once_and_again(town):
    chat = town.at["chat_id"]
    ann, ben, cas = [await town.person(name) for name in ("Ann", "Ben", "Cas")]
    async with town.bot(town.at["token"]) as bot:
        link = (await bot.create_chat_invite_link(chat, member_limit=1)).invite_link
        score.equal("the first one comes in", await town.join(ann, link), "joined")
        score.equal("the second one does not", await town.join(ben, link), "refused")
        member = await bot.get_chat_member(chat, ann)
        score.check("who came in is a member", isinstance(member, ChatMemberMember), member)
        score.equal("a member has no field aiogram does not know", strangers(member), [])
        await score.refuses(
            "of who did not the bot knows nothing",
            bot.get_chat_member(chat, ben), refused.TelegramBadRequest, "Bad Request: member not found",
        )
        await town.control(f"people/{ann}/leave", chat_id=chat)
        leaver = await bot.get_chat_member(chat, ann)
        score.check("a leaver has left", isinstance(leaver, ChatMemberLeft), leaver)
        score.equal("a leaver frees the place", await town.join(cas, link), "joined")
        await bot.revoke_chat_invite_link(chat, link)
        await bot.unban_chat_member(chat, cas)
        score.equal("unban without a ban removes", (await bot.get_chat_member(chat, cas)).status, "left")
        score.equal("a revoked link admits nobody", await town.join(cas, link), "refused")

        open_link = (await bot.create_chat_invite_link(chat)).invite_link
        await bot.ban_chat_member(chat, cas)
        score.equal("a banned person is refused", await town.join(cas, open_link), "refused")
        await bot.unban_chat_member(chat, cas, only_if_banned=True)
        score.equal("and comes in once unbanned", await town.join(cas, open_link), "joined")
        administrators = await bot.get_chat_administrators(chat)
        score.equal(
            "the administrators are the owner and the bot",
            sorted(each.status for each in administrators), ["administrator", "creator"],
        )
        score.equal("they have no field aiogram does not know", strangers(administrators), [])
        count = len((await town.look(f"chats/{chat}"))["members"])
        score.equal("the members are counted", await bot.get_chat_member_count(chat), count)


async def rights(town):
    id, token = await town.new_bot("aiogram_rights_bot")
    chat = await town.chat("Rights", [(id, [])])
    other_chat = await town.chat("Elsewhere", [(id, INVITE)])
    person = await town.person("Dia")
    async with town.bot(token) as bot:
        bad, forbidden = refused.TelegramBadRequest, refused.TelegramForbiddenError
        lacking = "Bad Request: not enough rights to manage chat invite link"
        await score.refuses("create needs the right", bot.create_chat_invite_link(chat), bad, lacking)
        await score.refuses("export needs the right", bot.export_chat_invite_link(chat), bad, lacking)
        await score.refuses(
            "approve needs the right",
            bot.approve_chat_join_request(chat, person), bad,
            "Bad Request: not enough rights to manage chat join requests",
        )
        await town.control(f"chats/{other_chat}/bot", id=id, status="left")
        await score.refuses(
            "a chat the bot has left",
            bot.create_chat_invite_link(other_chat), forbidden,
            "Forbidden: bot is not a member of the supergroup chat",
        )
        await town.control(f"chats/{chat}/bot", id=id, status="kicked")
        await score.refuses(
            "a chat it was thrown out of",
            bot.create_chat_invite_link(chat), forbidden,
            "Forbidden: bot was kicked from the supergroup chat",
        )


async def subscriptions(town):
    id, token = await town.new_bot("aiogram_channel_bot")
    channel = await town.chat("Channel", [(id, INVITE)], kind="channel")
    group = await town.chat("No channel", [(id, INVITE)])
    month = 2_592_000
    async with town.bot(token) as bot:
        link = await bot.create_chat_subscription_invite_link(channel, month, 250, name="patrons")
        price = (link.name, link.subscription_period, link.subscription_price)
        score.equal("a subscription link has its price", price, ("patrons", month, 250))
        score.equal("it has no field aiogram does not know", strangers(link), [])
        renamed = await bot.edit_chat_subscription_invite_link(channel, link.invite_link, name="friends")
        price = (renamed.name, renamed.subscription_period, renamed.subscription_price)
        score.equal("an edit changes its name only", price, ("friends", month, 250))
        payer = await town.person("Eva")
        score.equal("nobody comes in without paying", await town.join(payer, link.invite_link), "refused")
        score.equal("a payer comes in", await town.join(payer, link.invite_link, pay=True), "joined")
        member = await bot.get_chat_member(channel, payer)
        left = member.until_date - datetime.now(timezone.utc)
        score.check("until the month ends", timedelta(days=29) < left <= timedelta(days=30), member)

        bad = refused.TelegramBadRequest
        await score.refuses(
            "no price",
            bot.create_chat_subscription_invite_link(channel, month, 0), bad,
            "Bad Request: invalid subscription pricing specified",
        )
        await score.refuses(
            "another period than a month",
            bot.create_chat_subscription_invite_link(channel, 86_400, 10), bad,
            "Bad Request: SUBSCRIPTION_PERIOD_INVALID",
        )
        await score.refuses(
            "not in a group",
            bot.create_chat_subscription_invite_link(group, month, 10), bad,
            "Bad Request: PRICING_CHAT_INVALID",
        )


async def requests_by_polling(town):
    id, token = await town.new_bot("aiogram_polling_bot")
    chat = await town.chat("Polled", [(id, INVITE)])
    eve = await town.person("Eve", bio="I like owls", language_code="nl", username="eve_owl")
    fay, gus, hal = [await town.person(name) for name in ("Fay", "Gus", "Hal")]
    ear = Ear("chat_join_request", "chat_member", "my_chat_member", "message", "callback_query")
    async with town.bot(token) as bot, ear.polling(bot):
        made = await ear.next("my_chat_member")
        score.check("my_chat_member: made administrator",
                    isinstance(made.new_chat_member, ChatMemberAdministrator), made)
        score.equal("it has no field aiogram does not know", strangers(made), [])

        plain = await bot.create_chat_invite_link(chat, name="plain", member_limit=1)
        await town.join(fay, plain.invite_link)
        came = await ear.next("chat_member")
        steps = (came.old_chat_member.status, came.new_chat_member.status)
        score.equal("chat_member: from left to member", steps, ("left", "member"))
        score.equal("by the link, whole", came.invite_link, plain)
        score.equal("by the joiner's own hand", (came.from_user.id, came.new_chat_member.user.id), (fay, fay))
        score.equal("it has no field aiogram does not know", strangers(came), [])
        while (entered := await ear.next("message")).new_chat_members[0].id == id:
            pass  # The bot's own arrival comes first.
        score.equal("a service message says so", [user.id for user in entered.new_chat_members], [fay])
        score.equal("the message has no field aiogram does not know", strangers(entered), [])

        door = await bot.create_chat_invite_link(chat, name="door", creates_join_request=True)
        score.equal("a request link asks", await town.join(eve, door.invite_link), "requested")
        asked = await ear.next("chat_join_request")
        who = asked.from_user
        who = (who.id, who.is_bot, who.first_name, who.username, who.language_code)
        score.equal("chat_join_request: who", who, (eve, False, "Eve", "eve_owl", "nl"))
        words = (asked.bio, asked.user_chat_id, asked.chat.id, asked.query_id)
        score.equal("with bio and private chat", words, ("I like owls", eve, chat, None))
        score.equal("by the link", asked.invite_link.invite_link, door.invite_link)
        score.equal("it has no field aiogram does not know", strangers(asked), [])
        await asked.answer_pm("One moment")
        inbox = await town.look(f"people/{eve}/inbox")
        score.check("the bot may write to who asks", "One moment" in json.dumps(inbox), inbox)
        score.equal("approve", await asked.approve(), True)
        came = await ear.next("chat_member")
        by = (came.new_chat_member.user.id, came.from_user.id, came.invite_link.invite_link)
        score.equal("chat_member: approved by the bot", by, (eve, id, door.invite_link))
        score.equal("via_join_request is for other joins", came.via_join_request, None)

        bad = refused.TelegramBadRequest
        await score.refuses("approve twice", asked.approve(), bad, "Bad Request: USER_ALREADY_PARTICIPANT")
        await town.join(gus, door.invite_link)
        asked = await ear.next("chat_join_request")
        score.equal("decline", await asked.decline(), True)
        await score.refuses("decline twice", asked.decline(), bad, "Bad Request: HIDE_REQUESTER_MISSING")
        await score.refuses(
            "approve somebody never seen",
            bot.approve_chat_join_request(chat, 4242424242), bad, "Bad Request: USER_ID_INVALID",
        )
        await score.refuses(
            "approve nobody",
            bot.approve_chat_join_request(chat, 0), bad, "Bad Request: invalid user_id specified",
        )

        public = await town.chat("Public", [(id, INVITE)], username="aiogram_public", join_by_request=True)
        score.equal("a direct request", await town.join(hal, chat_id=public), "requested")
        asked = await ear.next("chat_join_request")
        score.equal("carries no link", (asked.chat.username, asked.invite_link), ("aiogram_public", None))
        await bot.approve_chat_join_request("@aiogram_public", hal)
        came = await ear.next("chat_member")
        score.equal("and is via_join_request", (came.via_join_request, came.invite_link), (True, None))

        await town.control(f"people/{fay}/leave", chat_id=chat)
        gone = await ear.next("chat_member")
        steps = (gone.old_chat_member.status, gone.new_chat_member.status)
        score.equal("chat_member: a leaver", steps, ("member", "left"))

        await score.refuses(
            "a person who never wrote",
            bot.send_message(gus, "hello"), refused.TelegramForbiddenError,
            "Forbidden: bot can't initiate conversation with a user",
        )
        await town.control(f"people/{hal}/send", bot=id, text="/start code42")
        while (message := await ear.next("message")).chat.type != "private":
            pass  # Service messages of the chats come first.
        score.equal("a private message", (message.text, message.from_user.id), ("/start code42", hal))
        buttons = [[InlineKeyboardButton(text="Owl", callback_data="owl")]]
        sent = await message.answer("Which bird?", reply_markup=InlineKeyboardMarkup(inline_keyboard=buttons))
        await town.control(f"people/{hal}/press", message_id=sent.message_id, data="owl")
        pressed = await ear.next("callback_query")
        score.equal("a button", (pressed.data, pressed.message.message_id), ("owl", sent.message_id))
        score.equal("it has no field aiogram does not know", strangers(pressed), [])
        score.equal("is answered", await pressed.answer("Right"), True)
        await town.control(f"people/{hal}/block", bot=id)
        await score.refuses(
            "a person who blocked the bot",
            bot.send_message(hal, "hello"), refused.TelegramForbiddenError,
            "Forbidden: bot was blocked by the user",
        )


async def default_updates(town):
    id, token = await town.new_bot("aiogram_default_bot")
    chat = await town.chat("Defaults", [(id, INVITE)])
    ira, jon = [await town.person(name) for name in ("Ira", "Jon")]
    async with town.bot(token) as bot:
        await town.join(ira, (await bot.create_chat_invite_link(chat)).invite_link)
        door = await bot.create_chat_invite_link(chat, creates_join_request=True)
        await town.join(jon, door.invite_link)
        kinds = {update.event_type for update in await bot.get_updates()}
        score.check("requests come without being asked for", "chat_join_request" in kinds, kinds)
        score.check("chat_member does not", "chat_member" not in kinds, kinds)


async def requests_by_webhook(town):
    id, token = await town.new_bot("aiogram_webhook_bot")
    chat = await town.chat("Hooked", [(id, INVITE)])
    kim, lou = await town.person("Kim"), await town.person("Lou")
    ear = Ear("chat_member", "my_chat_member")

    async def approve_in_the_answer(request):
        return request.approve()  # aiogram puts the call into the webhook's answer, as multipart/form-data.

    ear.dispatcher.chat_join_request.register(approve_in_the_answer)
    async with town.bot(token) as bot:
        handler = SimpleRequestHandler(
            ear.dispatcher, bot, secret_token="very-secret_1", handle_in_background=False
        )
        app = web.Application()
        app.router.add_post("/hook", handler.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"

        kinds = ["chat_join_request", "chat_member", "my_chat_member"]
        done = await bot.set_webhook(url, secret_token="very-secret_1", allowed_updates=kinds)
        score.equal("setWebhook", done, True)
        info = await bot.get_webhook_info()
        score.equal("getWebhookInfo", (info.url, set(info.allowed_updates)), (url, set(kinds)))
        score.equal("it has no field aiogram does not know", strangers(info), [])
        made = await ear.next("my_chat_member")
        score.equal("what waited is delivered", made.new_chat_member.status, "administrator")
        await score.refuses(
            "no polling beside a webhook",
            bot.get_updates(), refused.TelegramConflictError,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        )

        door = await bot.create_chat_invite_link(chat, creates_join_request=True)
        await town.join(kim, door.invite_link)
        came = await ear.next("chat_member")
        by = (came.new_chat_member.user.id, came.from_user.id)
        score.equal("a call in the webhook's answer approves", by, (kim, id))

        handler.secret_token = "another"  # Now ours refuses, and the sandbox must keep the update.
        plain = await bot.create_chat_invite_link(chat)
        await town.join(lou, plain.invite_link)
        for _ in range(PATIENCE_SECONDS * 20):
            info = await bot.get_webhook_info()
            if info.last_error_message:
                break
            await asyncio.sleep(0.05)
        score.equal(
            "a wrong answer is remembered",
            info.last_error_message, "Wrong response from the webhook: 401 Unauthorized",
        )
        score.check("and the update waits", info.pending_update_count > 0, info)
        handler.secret_token = "very-secret_1"
        await town.control("clock/advance", seconds=120)
        came = await ear.next("chat_member")
        score.equal("until it is taken", came.new_chat_member.user.id, lou)

        score.equal("deleteWebhook", await bot.delete_webhook(), True)
        score.equal("it is gone", (await bot.get_webhook_info()).url, "")
        score.equal("polling works again", await bot.get_updates(), [])
        await runner.cleanup()


async def misfortunes(town):
    id, token = await town.new_bot("aiogram_unlucky_bot")
    chat = await town.chat("Unlucky", [(id, INVITE)])
    group = await town.chat("Small", [(id, INVITE)], kind="group")

    async with town.bot(token) as bot:
        async def meets(fault, what, kind, text, **more):
            await town.control("faults", method="createChatInviteLink", chat_id=chat, kind=fault, **more)
            return await score.refuses(what, bot.create_chat_invite_link(chat), kind, text)

        flood = await meets("429", "429", refused.TelegramRetryAfter, "Too Many Requests: retry after 7", n=7)
        score.equal("says how long to wait", flood and flood.retry_after, 7)
        await meets("5xx", "502", refused.TelegramServerError, "Bad Gateway", n=502)
        await meets("html", "a page instead of JSON", refused.ClientDecodeError, "Failed to decode object")
        await meets("cut", "an answer cut short", refused.TelegramNetworkError, "", n=20)
        await meets("lost", "an answer lost", refused.TelegramNetworkError, "")
        made = await bot.create_chat_invite_link(chat)
        score.check("and then all is well", not made.is_revoked, made)
        known = {link["invite_link"] for link in (await town.look(f"chats/{chat}"))["links"]}
        score.check("what was lost happened all the same", len(known - {made.invite_link}) >= 2, known)

        new = (await town.control(f"chats/{group}/migrate"))["chat_id"]
        moved = await score.refuses(
            "a group that became a supergroup",
            bot.create_chat_invite_link(group), refused.TelegramMigrateToChat,
            "Bad Request: group chat was upgraded to a supergroup chat",
        )
        score.equal("says where it went", moved and moved.migrate_to_chat_id, new)
        link = await bot.create_chat_invite_link(new)
        score.check("and works there", link.invite_link, link)


async def guard(town):
    id, token = await town.new_bot("aiogram_guard_bot", guard=True)
    chat = await town.chat("Guarded", [(id, INVITE)])
    await town.control(f"chats/{chat}/guard", bot=id)
    max_, nia, oda, pia = [await town.person(name) for name in ("Max", "Nia", "Oda", "Pia")]
    ear = Ear("chat_join_request")
    async with town.bot(token) as bot, ear.polling(bot):
        me = await bot.get_me()
        score.equal("getMe says that it guards", me.supports_join_request_queries, True)
        described = await bot.get_chat(chat)
        score.equal("getChat names the guard", described.guard_bot and described.guard_bot.id, id)
        door = (await bot.create_chat_invite_link(chat, creates_join_request=True)).invite_link

        for person, verdict, expected in [(max_, "approve", "joined"), (nia, "decline", "declined"),
                                          (oda, "queue", "queued")]:
            waiting = asyncio.create_task(town.join(person, door))
            asked = await ear.next("chat_join_request")
            score.check(f"{verdict}: the request has a query", asked.query_id, asked)
            score.equal("is answered", await bot.answer_chat_join_request_query(asked.query_id, verdict), True)
            score.equal("the person sees it at once", await waiting, expected)
        await score.refuses(
            "a query is answered once",
            bot.answer_chat_join_request_query(asked.query_id, "approve"), refused.TelegramBadRequest,
            "Bad Request: query is too old and response timeout expired or query ID is invalid",
        )

        waiting = asyncio.create_task(town.control(f"people/{pia}/join", link=door))
        asked = await ear.next("chat_join_request")
        sent = await bot.send_chat_join_request_web_app(asked.query_id, "https://gate.example/enter")
        score.equal("a Mini App is sent", sent, True)
        shown = await waiting
        opened = (shown["result"], shown["url"].partition("#")[0])
        score.equal("and opened", opened, ("webview", "https://gate.example/enter"))
        await bot.answer_chat_join_request_query(asked.query_id, "approve")
        score.equal("then decided", (await bot.get_chat_member(chat, pia)).status, "member")


async def main():
    logging.getLogger("aiogram").setLevel(logging.CRITICAL)
    parts = [who_am_i, links, once_and_again, rights, subscriptions, requests_by_polling, default_updates,
             requests_by_webhook, misfortunes, guard]
    async with ClientSession() as http:
        town = Town(json.loads(sys.argv[1]), http)
        for part in parts:
            try:
                await asyncio.wait_for(part(town), 4 * PATIENCE_SECONDS)
            except Exception as error:  # The other parts have something to say, too.
                score.check(f"{part.__name__} runs to its end", False, f"{type(error).__name__}: {error}")
    print(f"{score.passed} passed, {score.failed} failed")
    return score.failed > 0


sys.exit(asyncio.run(main()))
