// GramIO, unmodified, against the sandbox: `node drive.mjs ANNOUNCEMENT`, the JSON line the sandbox printed.
//
// GramIO hands over Telegram's objects as they came, so this also looks at which fields they have, and in which order.

import { createServer } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { Bot, TelegramError, webhookHandler } from "gramio";

const town = JSON.parse(process.argv[2]);
const invite = ["can_invite_users", "can_restrict_members"];
const patienceSeconds = 15;
const month = 2_592_000;

let passed = 0;
let failed = 0;

function check(what, holds, seen) {
	console.log(holds ? `ok    ${what}` : `WRONG ${what}: ${JSON.stringify(seen)}`);
	holds ? passed++ : failed++;
}

function equal(what, seen, expected) {
	check(what, isDeepStrictEqual(seen, expected), { seen, expected });
}

// The call must fail with GramIO's own error, and Telegram's own code and words.
async function refuses(what, call, code, text) {
	const seen = await call.catch((error) => error);
	const found = seen instanceof TelegramError ? [seen.code, seen.message] : String(seen);
	equal(what, found, [code, text]);
	return seen.payload;
}

// The call must fail without an answer that GramIO could read.
async function breaks(what, call) {
	const seen = await call.catch((error) => error);
	check(what, seen instanceof Error && !(seen instanceof TelegramError), seen);
}

// The sandbox's control door, where people and misfortunes come from.
async function control(call, body = {}) {
	const answer = await fetch(`${town.control}/${call}`, { method: "POST", body: JSON.stringify(body) });
	if (!answer.ok) throw new Error(`${call}: ${await answer.text()}`);
	return answer.json();
}

const look = async (call) => (await fetch(`${town.control}/${call}`)).json();
const person = async (first_name, more) => (await control("people", { first_name, ...more })).id;
const join = async (who, link, more) => (await control(`people/${who}/join`, { link, ...more })).result;

async function chat(title, bots, more) {
	bots = bots.map((id) => ({ id, rights: invite }));
	return (await control("chats", { kind: "supergroup", title, bots, ...more })).chat_id;
}

function client(token) {
	return new Bot(token, { api: { baseURL: `${town.bot_api}/bot` } });
}

async function newBot(username, more) {
	const { id, token } = await control("bots", { username, ...more });
	return { id, bot: client(token) };
}

// GramIO's update handlers, writing down what they hear.
class Ear {
	#heard = [];
	#waiting = [];

	constructor(bot, ...kinds) {
		for (const kind of kinds) bot.on(kind, (context) => this.#hear(kind, context));
		bot.onError(({ error }) => check("no handler fails", false, String(error)));
	}

	#hear(kind, context) {
		const index = this.#waiting.findIndex((waiter) => waiter.kind === kind);
		if (index < 0) this.#heard.push({ kind, context });
		else this.#waiting.splice(index, 1)[0].resolve(context);
	}

	next(kind) {
		const index = this.#heard.findIndex((heard) => heard.kind === kind);
		if (index >= 0) return this.#heard.splice(index, 1)[0].context;
		return new Promise((resolve, reject) => {
			this.#waiting.push({ kind, resolve });
			setTimeout(() => reject(new Error(`no ${kind} came`)), patienceSeconds * 1000).unref();
		});
	}
}

async function whoAmI() {
	const me = await client(town.token).api.getMe();
	check("getMe names a bot", me.is_bot && me.username, me);
	await refuses("a wrong token", client("123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").api.getMe(), 401, "Unauthorized");
	await refuses("a token without a colon", client("owl").api.getMe(), 401, "Unauthorized: invalid token specified");
	await refuses("a method nobody knows", client(town.token).api.createOwl(), 404, "Not Found: method not found");
}

async function links() {
	const chat_id = town.chat_id;
	const { api } = client(town.token);
	const { now } = await look("clock");

	const wanted = { name: "  весна 🌱  2026 ", expire_date: now + 86400, member_limit: 2 };
	const link = await api.createChatInviteLink({ chat_id, ...wanted });
	equal("a link has its fields in Telegram's order", Object.keys(link),
		["invite_link", "name", "creator", "expire_date", "member_limit",
			"creates_join_request", "is_primary", "is_revoked"]);
	const { invite_link } = link;
	check("it is a t.me address", invite_link.startsWith("https://t.me/+"), link);
	equal("its name was cleaned", link.name, "весна 🌱 2026");
	equal("its limit and expiry are kept", [link.member_limit, link.expire_date], [2, now + 86400]);
	equal("its creator is the bot", link.creator.id, (await api.getMe()).id);

	const edited = await api.editChatInviteLink({ chat_id, invite_link, name: "summer" });
	equal("an edit keeps the address and erases what it is not told",
		[edited.invite_link, edited.name, edited.expire_date, edited.member_limit],
		[invite_link, "summer", undefined, undefined]);
	const revoked = await api.revokeChatInviteLink({ chat_id, invite_link });
	equal("a revoked link says so", [revoked.invite_link, revoked.is_revoked], [invite_link, true]);

	const door = await api.createChatInviteLink({ chat_id, creates_join_request: true });
	equal("a request link", [door.creates_join_request, door.member_limit], [true, undefined]);
	const first = await api.exportChatInviteLink({ chat_id });
	const second = await api.exportChatInviteLink({ chat_id });
	check("export replaces the primary link", typeof second === "string" && first !== second, [first, second]);
	equal("getChat shows the primary link", (await api.getChat({ chat_id })).invite_link, second);
	const replaced = await api.revokeChatInviteLink({ chat_id, invite_link: second });
	equal("revoking the primary link answers the old one", [replaced.invite_link, replaced.is_revoked], [second, true]);
	check("and makes another", (await api.getChat({ chat_id })).invite_link !== second);

	equal("a name of nothing is no name", (await api.createChatInviteLink({ chat_id, name: " \u200b" })).name, undefined);
	equal("a null is a word", (await api.createChatInviteLink({ chat_id, name: null })).name, "null");
	const { expire_date } = await api.createChatInviteLink({ chat_id, expire_date: "abc" });
	equal("a date that is none is never", expire_date, undefined);

	await refuses("a limit and requests exclude each other",
		api.createChatInviteLink({ chat_id, member_limit: 1, creates_join_request: true }), 400,
		"Bad Request: member limit can't be specified for links requiring administrator approval");
	await refuses("an expiry in the past",
		api.createChatInviteLink({ chat_id, expire_date: now - 60 }), 400, "Bad Request: EXPIRE_DATE_INVALID");
	await refuses("a limit of 100000",
		api.createChatInviteLink({ chat_id, member_limit: 100_000 }), 400, "Bad Request: USAGE_LIMIT_INVALID");
	await refuses("a link nobody made",
		api.editChatInviteLink({ chat_id, invite_link: "https://t.me/+AAAAAAAAAAAAAAAA" }), 400,
		"Bad Request: INVITE_HASH_EXPIRED");
	await refuses("no link", api.revokeChatInviteLink({ chat_id }), 400, "Bad Request: invite link must be non-empty");
	await refuses("no chat", api.createChatInviteLink({}), 400, "Bad Request: chat_id is empty");
	await refuses("a chat nobody knows",
		api.createChatInviteLink({ chat_id: "@no_such_owls" }), 400, "Bad Request: chat not found");
}

async function onceAndAgain() {
	const chat_id = town.chat_id;
	const { api } = client(town.token);
	const [ada, bob, cid] = [await person("Ada"), await person("Bob"), await person("Cid")];
	const { invite_link } = await api.createChatInviteLink({ chat_id, member_limit: 1 });
	equal("the first one comes in", await join(ada, invite_link), "joined");
	equal("the second one does not", await join(bob, invite_link), "refused");
	await control(`people/${ada}/leave`, { chat_id });
	equal("a leaver frees the place", await join(bob, invite_link), "joined");
	await api.revokeChatInviteLink({ chat_id, invite_link });
	equal("a revoked link admits nobody", await join(cid, invite_link), "refused");

	const { now } = await look("clock");
	const soon = await api.createChatInviteLink({ chat_id, expire_date: now + 300 });
	await control("clock/advance", { seconds: 301 });
	equal("an expired link admits nobody", await join(cid, soon.invite_link), "refused");
}

async function rights() {
	const { id, bot } = await newBot("gramio_rights_bot");
	const chat_id = await chat("Rights", [id]);
	await control(`chats/${chat_id}/bot`, { id, rights: [] });
	const lacking = "Bad Request: not enough rights to manage chat invite link";
	const create = () => bot.api.createChatInviteLink({ chat_id });
	await refuses("create needs the right", create(), 400, lacking);
	await refuses("so does edit, before anything else",
		bot.api.editChatInviteLink({ chat_id, invite_link: "", member_limit: 1, creates_join_request: true }), 400, lacking);
	await refuses("approve needs the right", bot.api.approveChatJoinRequest({ chat_id, user_id: 1 }), 400,
		"Bad Request: not enough rights to manage chat join requests");
	await control(`chats/${chat_id}/bot`, { id, status: "left" });
	await refuses("a chat the bot has left", create(), 403, "Forbidden: bot is not a member of the supergroup chat");
	await control(`chats/${chat_id}/bot`, { id, status: "kicked" });
	await refuses("a chat it was thrown out of", create(), 403, "Forbidden: bot was kicked from the supergroup chat");
}

async function subscriptions() {
	const { id, bot } = await newBot("gramio_channel_bot");
	const channel = await chat("Channel", [id], { kind: "channel" });
	const group = await chat("No channel", [id]);
	const price = { subscription_period: month, subscription_price: 250 };
	const link = await bot.api.createChatSubscriptionInviteLink({ chat_id: channel, name: "patrons", ...price });
	equal("a subscription link has its fields in Telegram's order", Object.keys(link),
		["invite_link", "name", "creator", "subscription_period", "subscription_price",
			"creates_join_request", "is_primary", "is_revoked"]);
	const { invite_link } = link;
	const renamed = await bot.api.editChatSubscriptionInviteLink({ chat_id: channel, invite_link });
	equal("an edit touches the name only", [renamed.name, renamed.subscription_price], [undefined, 250]);
	const payer = await person("Dan");
	equal("a payer comes in", await join(payer, invite_link, { pay: true }), "joined");
	const member = await bot.api.getChatMember({ chat_id: channel, user_id: payer });
	check("for a month", member.until_date >= (await look("clock")).now + month - 60, member);
	await refuses("no price", bot.api.createChatSubscriptionInviteLink({ chat_id: channel }), 400,
		"Bad Request: invalid subscription pricing specified");
	await refuses("not in a group", bot.api.createChatSubscriptionInviteLink({ chat_id: group, ...price }), 400,
		"Bad Request: PRICING_CHAT_INVALID");
}

async function requestsByPolling() {
	const { id, bot } = await newBot("gramio_polling_bot");
	const ear = new Ear(bot, "chat_join_request", "chat_member", "my_chat_member", "callback_query");
	bot.command("start", (context) =>
		context.send("Which bird?", { reply_markup: { inline_keyboard: [[{ text: "Owl", callback_data: "owl" }]] } }));
	await bot.start();
	while (!(await bot.api.getWebhookInfo()).allowed_updates?.includes("chat_member")) {
		await new Promise((resolve) => setTimeout(resolve, 20)); // The first poll says what is wanted.
	}

	const chat_id = await chat("Polled", [id]);
	const made = await ear.next("my_chat_member");
	const office = [made.newChatMember.status, made.newChatMember.canInviteUsers()];
	equal("my_chat_member: made administrator", office, ["administrator", true]);
	const eli = await person("Eli", { bio: "Owls", username: "eli_owl", language_code: "nl" });
	const fin = await person("Fin");

	const plain = await bot.api.createChatInviteLink({ chat_id, name: "plain" });
	await join(fin, plain.invite_link);
	const came = await ear.next("chat_member");
	const steps = [came.oldChatMember.status, came.newChatMember.status];
	equal("chat_member: from left to member", steps, ["left", "member"]);
	equal("by the link, whole", came.inviteLink.payload, plain);
	equal("with fields in Telegram's order", Object.keys(came.payload),
		["chat", "from", "date", "old_chat_member", "new_chat_member", "invite_link"]);

	const door = await bot.api.createChatInviteLink({ chat_id, creates_join_request: true });
	equal("a request link asks", await join(eli, door.invite_link), "requested");
	const asked = await ear.next("chat_join_request");
	equal("chat_join_request: who", asked.from.payload,
		{ id: eli, is_bot: false, first_name: "Eli", username: "eli_owl", language_code: "nl" });
	equal("with fields in Telegram's order", Object.keys(asked.payload),
		["chat", "from", "user_chat_id", "date", "bio", "invite_link"]);
	equal("by the link", asked.inviteLink.link, door.invite_link);
	equal("approve", await asked.approve(), true);
	const approved = await ear.next("chat_member");
	const by = [approved.from.id, approved.newChatMember.user.id, approved.viaJoinRequest];
	equal("chat_member: approved by the bot", by, [id, eli, undefined]);
	await refuses("approve twice", asked.approve(), 400, "Bad Request: USER_ALREADY_PARTICIPANT");

	const gil = await person("Gil");
	await join(gil, door.invite_link);
	const other = await ear.next("chat_join_request");
	equal("decline", await other.decline(), true);
	await refuses("decline twice", other.decline(), 400, "Bad Request: HIDE_REQUESTER_MISSING");
	await refuses("approve somebody never seen",
		bot.api.approveChatJoinRequest({ chat_id, user_id: 4242424242 }), 400, "Bad Request: USER_ID_INVALID");
	await refuses("approve a word",
		bot.api.approveChatJoinRequest({ user_id: "owl" }), 400, "Bad Request: invalid user_id specified");

	await control(`people/${gil}/send`, { bot: id, text: "/start code42" });
	let message;
	for (let tries = 0; !message && tries < 200; tries++) {
		message = (await look(`people/${gil}/inbox`)).find(({ text }) => text === "Which bird?");
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	await control(`people/${gil}/press`, { message_id: message.message_id, data: "owl" });
	const pressed = await ear.next("callback_query");
	equal("a button", [pressed.data, pressed.message.id], ["owl", message.message_id]);
	equal("is answered", await pressed.answer("Right"), true);
	await control(`people/${gil}/block`, { bot: id });
	await refuses("a person who blocked the bot", bot.api.sendMessage({ chat_id: gil, text: "hello" }), 403,
		"Forbidden: bot was blocked by the user");
	await bot.stop();
}

async function requestsByWebhook() {
	const { id, bot } = await newBot("gramio_webhook_bot");
	const ear = new Ear(bot, "chat_join_request", "chat_member");
	const headers = [];
	const handle = webhookHandler(bot, "http", "very-secret_1");
	const server = createServer((request, response) => {
		headers.push(request.headers["content-type"]);
		return handle(request, response);
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	const url = `http://127.0.0.1:${server.address().port}/hook`;
	await bot.start({ webhook: { url, secret_token: "very-secret_1" } });

	const info = await bot.api.getWebhookInfo();
	equal("getWebhookInfo", [info.url, info.has_custom_certificate], [url, false]);
	await refuses("no polling beside a webhook", bot.api.getUpdates(), 409,
		"Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first");
	const chat_id = await chat("Hooked", [id]);
	const hob = await person("Hob");
	const door = await bot.api.createChatInviteLink({ chat_id, creates_join_request: true });
	await join(hob, door.invite_link);
	const asked = await ear.next("chat_join_request");
	equal("a request comes by webhook", asked.from.id, hob);
	await asked.approve();
	equal("and its approval", (await ear.next("chat_member")).newChatMember.user.id, hob);
	check("as JSON", headers.every((type) => type === "application/json"), headers);
	equal("deleteWebhook", await bot.api.deleteWebhook(), true);
	equal("it is gone", (await bot.api.getWebhookInfo()).url, "");

	for (const [what, secret_token, words] of [
		["a secret with a space", "very secret", "secret token contains unallowed characters"],
		["a secret of 257", "x".repeat(257), "secret token is too long"],
	]) {
		const fresh = await newBot(`gramio_secret_${secret_token.length}_bot`); // Two calls of one bot would be too many.
		await refuses(what, fresh.bot.api.setWebhook({ url, secret_token }), 400, `Bad Request: ${words}`);
	}
	server.close();
}

async function misfortunes() {
	const { id, bot } = await newBot("gramio_unlucky_bot");
	const chat_id = await chat("Unlucky", [id]);
	const create = () => bot.api.createChatInviteLink({ chat_id });
	const stage = (kind, n) => control("faults", { method: "createChatInviteLink", chat_id, kind, n });
	await stage("429", 7);
	const wait = await refuses("429", create(), 429, "Too Many Requests: retry after 7");
	equal("says how long to wait", wait, { retry_after: 7 });
	await stage("html", 502);
	await breaks("a page instead of JSON", create());
	await stage("cut", 20);
	await breaks("an answer cut short", create());
	await stage("lost", 0);
	await breaks("an answer lost", create());
	check("and then all is well", (await create()).invite_link);

	const group = await chat("Small", [id], { kind: "group" });
	const { chat_id: moved } = await control(`chats/${group}/migrate`);
	const where = await refuses("a group that became a supergroup",
		bot.api.createChatInviteLink({ chat_id: group }), 400, "Bad Request: group chat was upgraded to a supergroup chat");
	equal("says where it went", where, { migrate_to_chat_id: moved });
	check("and works there", (await bot.api.createChatInviteLink({ chat_id: moved })).invite_link);
}

async function guard() {
	const { id, bot } = await newBot("gramio_guard_bot", { guard: true });
	const chat_id = await chat("Guarded", [id]);
	await control(`chats/${chat_id}/guard`, { bot: id });
	const { invite_link } = await bot.api.createChatInviteLink({ chat_id, creates_join_request: true });
	const ear = new Ear(bot, "chat_join_request");
	await bot.start();
	for (const [result, expected] of [["approve", "joined"], ["decline", "declined"], ["queue", "queued"]]) {
		const waiting = join(await person("Ida"), invite_link);
		const { query_id } = (await ear.next("chat_join_request")).payload;
		equal(result, await bot.api.answerChatJoinRequestQuery({ chat_join_request_query_id: query_id, result }), true);
		equal("is seen at once", await waiting, expected);
	}
	const waiting = join(await person("Jet"), invite_link);
	const late = (await ear.next("chat_join_request")).payload.query_id;
	await control("clock/advance", { seconds: 11 });
	equal("who hears nothing for ten seconds has asked", await waiting, "requested");
	await refuses("a late answer",
		bot.api.answerChatJoinRequestQuery({ chat_join_request_query_id: late, result: "approve" }), 400,
		"Bad Request: query is too old and response timeout expired or query ID is invalid");
	await bot.stop();
}

const parts = [whoAmI, links, onceAndAgain, rights, subscriptions, requestsByPolling, requestsByWebhook, misfortunes, guard];
for (const part of parts) {
	// A part that breaks has failed; the others have something to say, too.
	await part().catch((error) => check(`${part.name} runs to its end`, false, String(error)));
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0); // Polls that are still under way need not end first.
