// Whether our objects and methods are still Telegram's: `node drift.mjs`, after `npm ci`.
//
// GramIO's types are generated from the Bot API's reference. They are compared with our sources, both read as text:
// interfaces there, and here `pub struct`s with the names that serde gives their fields.

import { readFileSync } from "node:fs";

const read = (folder, file) => readFileSync(new URL(folder + file, import.meta.url), "utf8");
const declared = (file) => read("node_modules/@gramio/types/out/", file).replace(/\/\*\*[^]*?\*\//g, "");
// Tests come last in a file, and are not read.
const ours = (file) => read("../../crates/telegram/src/bot_api/", file).split("#[cfg(test)]\nmod tests")[0];
const [types, requests] = [ours("types.rs"), ours("methods.rs")];

// Ours that are called otherwise there.
const otherNames = {
	Me: "User",
	AdministratorRights: "ChatAdministratorRights",
	Creator: "ChatMemberOwner",
	Administrator: "ChatMemberAdministrator",
	Plain: "ChatMemberMember",
	Restricted: "ChatMemberRestricted",
	Kicked: "ChatMemberBanned",
};

// What the server writes although the reference does not say so, most of it for programs older than what replaced it.
const unsaid = new Map([
	["Chat.all_members_are_administrators", "in basic groups"],
	["Chat.accepted_gift_types", "in basic groups"],
	["ChatFullInfo.all_members_are_administrators", "in basic groups"],
	["ChatPermissions.can_send_media_messages", "before it was split by kinds of media"],
	["Restricted.can_send_media_messages", "the same"],
	["Administrator.can_manage_voice_chats", "before they were called video chats"],
	["Message.new_chat_participant", "before people could be added several at a time"],
	["Message.new_chat_member", "the same"],
	["Message.left_chat_participant", "before it was called `left_chat_member`"],
]);

let [passed, failed] = [0, 0];

function check(holds, what) {
	holds ? passed++ : failed++;
	if (!holds) console.log(`WRONG ${what}`);
}

// By name, the fields of each: whether it may be missing, and its type.
function interfaces(text) {
	const field = ([, name, optional, type]) => [name, { optional: !!optional, type: simple(type) }];
	const fields = (body) => new Map([...body.matchAll(/^    (\w+)(\?)?:\s*(.*)$/gm)].map(field));
	const all = text.matchAll(/^export interface (\w+) \{\n([^]*?)^\}/gm);
	return new Map([...all].map(([, name, body]) => [name, fields(body)]));
}

// The same of ours. A field may be missing if serde has something to put in its place, or need not write it.
function structs(text) {
	const all = new Map();
	const found = text.matchAll(/((?:^#\[.*\]\n)*)^pub struct (\w+)(?:<'a>)? \{(?:\n([^]*?)^)?\}/gm);
	for (const [, attributes, name, body = ""] of found) {
		const fields = new Map();
		for (const [, above, field, type] of body.matchAll(/((?:^ +(?:#\[|\/\/\/).*\n)*)^    pub (\w+): (.+),$/gm)) {
			const optional = /#\[serde\((.*, )?default/.test(above + attributes) || /^Option</.test(type);
			if (/flatten/.test(above)) for (const [inner, it] of all.get(type)) fields.set(inner, it);
			else fields.set(/rename = "(\w+)"/.exec(above)?.[1] ?? field, { optional, type: plain(type) });
		}
		all.set(name, fields);
	}
	return all;
}

// Their types without prefixes; `true` is a flag that is written only when it is set.
function simple(type) {
	return type === "true" ? "boolean" : type.replace(/^Objects\./, "").replace(/^Telegram/, "");
}

// Our types in their words.
function plain(type) {
	const inner = /^(?:Option|Box)<(.+)>$/.exec(type)?.[1] ?? type;
	const list = /^(?:Vec<|&'a \[)(.+)[>\]]$/.exec(inner)?.[1];
	if (list) return `${plain(list)}[]`;
	if (/^[iu](32|64)$/.test(inner)) return "number";
	return { bool: "boolean", String: "string", "&'a str": "string" }[inner] ?? otherNames[inner] ?? inner;
}

// Numbers, texts, flags and lists of them are compared; the names of objects and of closed sets differ too freely.
function fits(mine, their) {
	const comparable = (type) => /^(number|string|boolean)(\[\])*$/.test(type);
	return !comparable(mine) || !comparable(their) || mine === their;
}

const objects = interfaces(declared("objects.d.ts"));
const mine = structs(types);
// An update is read by hand: its number, and one of these.
const kinds = [...types.matchAll(/map\.serialize_entry\("(\w+)", it/g)].map(([, kind]) => [kind, { optional: true }]);
mine.set("Update", new Map([["update_id", { type: "number" }], ...kinds]));
console.log(`${/Bot API v\S+ \(\S+\)/.exec(read("node_modules/@gramio/types/out/", "index.d.ts"))}`);
for (const [name, fields] of mine) {
	const there = objects.get(`Telegram${otherNames[name] ?? name}`) ?? new Map();
	for (const [field, { optional, type = "" }] of fields) {
		const [it, explained] = [there.get(field), unsaid.delete(`${name}.${field}`)];
		check(!it === explained, `${name}.${field}: ${it ? "is in the reference by now" : "is not in the reference"}`);
		check(!it?.optional || optional, `${name}.${field}: may be missing, and we insist on it`);
		check(!it || fits(type, it.type), `${name}.${field}: ${type} here, ${it?.type} there`);
	}
	// Who a member is, and as what, is read before the particulars.
	const unread = [...there.keys()].filter((it) => !fields.has(it) && !["user", "status"].includes(it));
	const rest = unread.length > 4 ? ` and ${unread.length - 4} more` : "";
	if (unread.length) console.log(`not read of ${name}: ${unread.slice(0, 4).join(", ")}${rest}`);
}
check(unsaid.size === 0, `explained here, and not ours: ${[...unsaid.keys()].join(", ")}`);

const found = declared("methods.d.ts").matchAll(/^    (\w+): CallAPI\w*<\s*(?:Params\.(\w+),\s*)?([^>]+?)\s*>/gm);
const methods = new Map([...found].map(([, name, parameters, answer]) => [name, { parameters, answer }]));
const parameters = interfaces(declared("params.d.ts"));
const sent = structs(requests);
const short = /^method!\((\w+)(?:<'_>)?: "(\w+)", \w+ -> (.+?)(?:, \w+ in \w+)?\);$/gm;
const long = /^impl Method for (\w+)(?:<'_>)? \{\n.*NAME: .* = "(\w+)";\n.*\n    type Answer = (.+);$/gm;
for (const [, request, method, answer] of [...requests.matchAll(short), ...requests.matchAll(long)]) {
	const [there, said] = [methods.get(method), sent.get(request)];
	const wanted = parameters.get(there?.parameters) ?? new Map();
	check(plain(answer) === simple(there?.answer ?? ""), `${method}: answers ${there?.answer}, and we read ${answer}`);
	for (const [name, { optional, type }] of said) {
		const it = wanted.get(name);
		check(it, `${method}: takes no ${name}`);
		check(!it || fits(type, it.type), `${method}: ${name} is ${type} here, ${it?.type} there`);
		check(!it || it.optional || !optional, `${method}: wants ${name}, and we may leave it out`);
	}
	for (const [name, { optional }] of wanted) check(optional || said.has(name), `${method}: wants ${name}`);
	sent.delete(request);
}
check(sent.size === 0, `requests whose method could not be read: ${[...sent.keys()].join(", ")}`);

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
