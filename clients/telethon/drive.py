"""Telethon, unmodified, against the sandbox: `python drive.py ANNOUNCEMENT`, the JSON line the sandbox printed."""

import asyncio
import json
import logging
import sys
import urllib.request
from base64 import urlsafe_b64encode
from contextlib import asynccontextmanager

from telethon import TelegramClient, errors as refused, events
from telethon.crypto import rsa
from telethon.network.connection import (
    ConnectionTcpAbridged, ConnectionTcpFull, ConnectionTcpIntermediate,
)
from telethon.sessions import StringSession
from telethon.tl import functions, types

API = (12345, "0123456789abcdef0123456789abcdef")
INVITE = ["can_invite_users"]


class Score:
    """One line per check, and the count of them."""

    passed = failed = 0

    def check(self, what, holds, seen=""):
        print(f"ok    {what}" if holds else f"WRONG {what}: {seen}", flush=True)
        self.passed += bool(holds)
        self.failed += not holds

    def equal(self, what, seen, expected):
        self.check(what, seen == expected, f"{seen!r}, expected {expected!r}")

    async def refuses(self, what, call, kind):
        """The call must fail with Telethon's own error class."""
        try:
            seen = await call
        except kind as error:
            self.check(what, True)
            return error
        except Exception as error:  # Whatever else it is, it is the answer to this check.
            seen = error
        self.check(what, False, repr(seen))


score = Score()


class Town:
    """The sandbox: its MTProto door through Telethon, and its control door, where people and misfortunes come from."""

    def __init__(self, announcement):
        self.at = announcement
        self.door = announcement["mtproto"]
        self.admin = self.door["admin"]
        host, port = self.door["addr"].rsplit(":", 1)
        self.host, self.port = host, int(port)

    def control(self, call, **body):
        data = json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.at['control']}/{call}", data=data) as answer:
            return json.loads(answer.read())

    def person(self, first_name, **more):
        return self.control("people", first_name=first_name, **more)["id"]

    def join(self, person, link):
        return self.control(f"people/{person}/join", link=link)["result"]

    def session(self, auth_key):
        """A session for clients that have a key already: address and key, as Telethon writes them down."""
        address = bytes(map(int, self.host.split(".")))
        raw = bytes([self.door["dc_id"]]) + address + self.port.to_bytes(2, "big") + bytes.fromhex(auth_key)
        return StringSession("1" + urlsafe_b64encode(raw).decode())

    @asynccontextmanager
    async def known(self, auth_key, connection=ConnectionTcpFull, **more):
        client = TelegramClient(self.session(auth_key), *API, connection=connection, **more)
        await client.connect()
        try:
            yield client
        finally:
            await client.disconnect()

    @asynccontextmanager
    async def stranger(self, connection=ConnectionTcpFull):
        """A client without a key: it and the server come to one."""
        session = StringSession()
        session.set_dc(self.door["dc_id"], self.host, self.port)
        client = TelegramClient(session, *API, connection=connection)
        await client.connect()
        try:
            yield client
        finally:
            await client.disconnect()

    async def chat(self, client):
        return await client.get_input_entity(types.PeerChannel(-1_000_000_000_000 - self.at["chat_id"]))


async def log_in(town):
    admin = town.admin
    async with town.stranger() as client:
        score.check("client and server come to a key", client.session.auth_key.key)
        score.check("nobody is logged in yet", not await client.is_user_authorized())
        await score.refuses(
            "a telephone that is none", client.send_code_request("12"), refused.PhoneNumberInvalidError
        )
        await client.send_code_request(admin["phone"])
        # Telethon asks for the second one by `auth.resendCode`.
        await client.send_code_request(admin["phone"])
        await score.refuses(
            "a wrong code", client.sign_in(admin["phone"], "00000"), refused.PhoneCodeInvalidError
        )
        await score.refuses(
            "the right code is half of it", client.sign_in(admin["phone"], admin["code"]),
            refused.SessionPasswordNeededError,
        )
        await score.refuses(
            "a wrong password", client.sign_in(password="owls sleep"), refused.PasswordHashInvalidError
        )
        me = await client.sign_in(password=admin["password"])
        score.equal("the right password is the other half", me.id, admin["user_id"])
        score.check("somebody is logged in now", await client.is_user_authorized())
        await client.log_out()
    async with town.stranger() as client:
        await score.refuses(
            "a telephone that nobody has", nobody(client), refused.PhoneNumberUnoccupiedError
        )
        bot = await client.sign_in(bot_token=town.at["token"])
        score.check("a bot logs in by its token", bot.bot, bot)
        await score.refuses(
            "a bot lists no links",
            client(functions.messages.GetExportedChatInvitesRequest(
                await town.chat(client), types.InputUserSelf(), limit=1)),
            refused.BotMethodInvalidError,
        )
        made = await client(functions.messages.ExportChatInviteRequest(await town.chat(client), title="bot's"))
        score.equal("but it makes one", made.title, "bot's")
    async with town.stranger() as client:
        await score.refuses(
            "a token that is none", client.sign_in(bot_token="1:AAAA"), refused.AccessTokenInvalidError
        )


async def nobody(client):
    await client.send_code_request("9996629999")
    return await client.sign_in("9996629999", "22222")


async def scanned(town):
    gil = town.person("Gil")

    async def show(client):
        shown = await client.qr_login()
        return shown, asyncio.ensure_future(shown.wait(30))

    async with town.stranger() as client:
        shown, let_in = await show(client)
        score.check("a log-in token is an address", shown.url.startswith("tg://login?token="), shown.url)
        town.control(f"people/{gil}/scan", url=shown.url)
        score.equal("another device lets this one in", (await let_in).id, gil)
    async with town.stranger() as client:
        shown, let_in = await show(client)
        town.control(f"people/{gil}/scan", url=shown.url, dc=4)
        score.equal("or sends it to another data centre", (await let_in).id, gil)
        score.equal("where it is then", client.session.dc_id, 4)
    async with town.known(town.admin["auth_key"]) as telephone, town.stranger() as client:
        shown, let_in = await show(client)
        await telephone(functions.auth.AcceptLoginTokenRequest(shown.token))
        await score.refuses("a token is half of it too", let_in, refused.SessionPasswordNeededError)
        me = await client.sign_in(password=town.admin["password"])
        score.equal("and the password the other half", me.id, town.admin["user_id"])
        await score.refuses(
            "a token is used once", telephone(functions.auth.AcceptLoginTokenRequest(shown.token)),
            refused.AuthTokenInvalidxError,
        )


async def transports(town):
    for connection in [ConnectionTcpFull, ConnectionTcpIntermediate, ConnectionTcpAbridged]:
        async with town.known(town.admin["auth_key"], connection) as client:
            me = await client.get_me()
            score.equal(f"{connection.__name__} carries calls", me.id, town.admin["user_id"])
    unknown = TelegramClient(town.session("ab" * 256), *API)
    await score.refuses("a key that nobody knows opens nothing", unknown.connect(), refused.AuthKeyNotFound)


async def links(town):
    async with town.known(town.admin["auth_key"]) as client:
        await client.get_dialogs()
        chat = await town.chat(client)
        me = types.InputUserSelf()
        made = [
            await client(functions.messages.ExportChatInviteRequest(chat, title=f"link {n}", usage_limit=3))
            for n in range(5)
        ]
        score.check("a link is an address with a hash", "/+" in made[0].link, made[0])
        score.equal("it says its terms", (made[0].title, made[0].usage_limit), ("link 0", 3))
        edited = await client(functions.messages.EditExportedChatInviteRequest(chat, made[0].link, title="spring"))
        terms = (edited.invite.title, edited.invite.usage_limit)
        score.equal("an edit keeps what it does not mention", terms, ("spring", 3))
        await score.refuses(
            "a limit and asking exclude each other",
            client(functions.messages.ExportChatInviteRequest(chat, usage_limit=1, request_needed=True)),
            refused.UsageLimitInvalidError,
        )
        first = await client(functions.messages.GetExportedChatInvitesRequest(chat, me, limit=2))
        last = first.invites[-1]
        second = await client(functions.messages.GetExportedChatInvitesRequest(
            chat, me, limit=100, offset_date=last.date, offset_link=last.link))
        names = [invite.title for invite in first.invites + second.invites]
        score.equal("pages follow each other", names, ["link 4", "link 3", "link 2", "link 1", "spring"])
        score.equal("and say how many there are", first.count, 5)

        await score.refuses(
            "a live link is not deleted",
            client(functions.messages.DeleteExportedChatInviteRequest(chat, made[1].link)),
            refused.InviteRevokedMissingError,
        )
        await client(functions.messages.EditExportedChatInviteRequest(chat, made[1].link, revoked=True))
        await client(functions.messages.EditExportedChatInviteRequest(chat, made[2].link, revoked=True))
        await client(functions.messages.DeleteExportedChatInviteRequest(chat, made[1].link))
        await score.refuses(
            "a deleted link is forgotten",
            client(functions.messages.GetExportedChatInviteRequest(chat, made[1].link)),
            refused.InviteHashExpiredError,
        )
        await client(functions.messages.DeleteRevokedExportedChatInvitesRequest(chat, me))
        left = await client(functions.messages.GetExportedChatInvitesRequest(chat, me, limit=9, revoked=True))
        score.equal("all revoked links go at once", left.invites, [])

        primary = await client(functions.messages.ExportChatInviteRequest(chat, legacy_revoke_permanent=True))
        replaced = await client(
            functions.messages.EditExportedChatInviteRequest(chat, primary.link, revoked=True))
        score.check("a primary link is replaced", replaced.new_invite.permanent, replaced)
        await score.refuses(
            "and is not edited",
            client(functions.messages.EditExportedChatInviteRequest(chat, replaced.new_invite.link, title="x")),
            refused.ChatInvitePermanentError,
        )
        admins = await client(functions.messages.GetAdminsWithInvitesRequest(chat))
        mine = [admin for admin in admins.admins if admin.admin_id == town.admin["user_id"]]
        score.equal("administrators are counted", mine[0].invites_count, 4)
        full = await client(functions.channels.GetFullChannelRequest(chat))
        score.equal("the chat tells its primary link", full.full_chat.exported_invite.link, replaced.new_invite.link)
        me = await client(functions.users.GetFullUserRequest(types.InputUserSelf()))
        score.equal("and we are who we are", me.full_user.id, town.admin["user_id"])


async def requests(town):
    async with town.known(town.admin["auth_key"]) as client:
        await client.get_dialogs()
        chat = await town.chat(client)
        door = await client(functions.messages.ExportChatInviteRequest(chat, request_needed=True))
        other = await client(functions.messages.ExportChatInviteRequest(chat, request_needed=True))
        people = [town.person(name, bio=f"I am {name}") for name in ["Ann", "Bob", "Cid", "Dan"]]
        for person, link in zip(people, [door, door, door, other]):
            score.equal("somebody asks", town.join(person, link.link), "requested")
        empty = types.InputUserEmpty()
        waiting = await client(functions.messages.GetChatInviteImportersRequest(
            chat, offset_date=None, offset_user=empty, limit=100, requested=True))
        about = {importer.user_id: importer.about for importer in waiting.importers}
        score.equal("who waits says something", about[people[0]], "I am Ann")
        found = await client(functions.messages.GetChatInviteImportersRequest(
            chat, offset_date=None, offset_user=empty, limit=100, requested=True, q="bo"))
        score.equal("who waits is found by name", [user.first_name for user in found.users], ["Bob"])
        await score.refuses(
            "a search is not for one link",
            client(functions.messages.GetChatInviteImportersRequest(
                chat, offset_date=None, offset_user=empty, limit=1, requested=True, q="b", link=door.link)),
            refused.SearchWithLinkNotSupportedError,
        )
        bob = await client.get_input_entity(people[1])
        await client(functions.messages.HideChatJoinRequestRequest(chat, bob, approved=False))
        await score.refuses(
            "nobody is declined twice",
            client(functions.messages.HideChatJoinRequestRequest(chat, bob)), refused.HideRequesterMissingError,
        )
        await client(functions.messages.HideAllChatJoinRequestsRequest(chat, approved=True, link=door.link))
        came = await client(functions.messages.GetChatInviteImportersRequest(
            chat, offset_date=None, offset_user=empty, limit=100, link=door.link))
        score.equal("who came by a link", {one.user_id for one in came.importers}, {people[0], people[2]})
        approvers = {one.approved_by for one in came.importers}
        score.equal("and who let them in", approvers, {town.admin["user_id"]})


async def visitors(town):
    async with town.known(town.admin["auth_key"]) as client:
        await client.get_dialogs()
        chat = await town.chat(client)
        door = await client(functions.messages.ExportChatInviteRequest(chat, usage_limit=1))
        asking = await client(functions.messages.ExportChatInviteRequest(chat, request_needed=True))
    eve = town.control(f"people/{town.person('Eve')}/session")["auth_key"]
    async with town.known(eve) as client:
        seen = await client(functions.messages.CheckChatInviteRequest(door.link.split("+")[1]))
        score.equal("a visitor sees the chat", (seen.title, seen.request_needed), ("Night Owls", False))
        await score.refuses(
            "asking is no joining",
            client(functions.messages.ImportChatInviteRequest(asking.link.split("+")[1])),
            refused.InviteRequestSentError,
        )
        joined = await client(functions.messages.ImportChatInviteRequest(door.link.split("+")[1]))
        score.check("a visitor joins", joined.updates.chats, joined)
        await score.refuses(
            "nobody joins twice", client(functions.messages.ImportChatInviteRequest(door.link.split("+")[1])),
            refused.UserAlreadyParticipantError,
        )
        await score.refuses(
            "a hash that is none", client(functions.messages.CheckChatInviteRequest("AAAAAAAAAAAAAAAA")),
            refused.InviteHashExpiredError,
        )
        await score.refuses(
            "a member manages no links",
            client(functions.messages.ExportChatInviteRequest(joined.updates.chats[0])),
            refused.ChatAdminRequiredError,
        )


def ear(client, kind):
    """Where updates of this kind arrive, unasked."""
    heard = asyncio.Queue()
    client.add_event_handler(heard.put, events.Raw(kind))
    return heard


async def news(town):
    async with town.known(town.admin["auth_key"]) as owner, town.stranger() as bot:
        await owner.get_dialogs()
        await bot.sign_in(bot_token=town.at["token"])
        waiting = ear(owner, types.UpdatePendingJoinRequests)
        asked, changed = ear(bot, types.UpdateBotChatInviteRequester), ear(bot, types.UpdateChannelParticipant)
        door = await owner(functions.messages.ExportChatInviteRequest(await town.chat(owner), request_needed=True))
        fay = town.person("Fay", bio="I am Fay")
        town.join(fay, door.link)
        told = await asyncio.wait_for(waiting.get(), 30)
        score.equal("an administrator hears who waits", told.recent_requesters[0], fay)
        count = told.requests_pending
        told = await asyncio.wait_for(asked.get(), 30)
        score.equal("and so does a bot", (told.user_id, told.about), (fay, "I am Fay"))
        answer = await owner(functions.messages.HideChatJoinRequestRequest(
            await town.chat(owner), await owner.get_input_entity(fay), approved=True))
        score.equal("an answer says how many wait now", answer.updates[0].requests_pending, count - 1)
        told = await asyncio.wait_for(changed.get(), 30)
        score.equal("a bot hears who came", (told.user_id, told.new_participant.user_id), (fay, fay))
        town.control(f"people/{fay}/leave", chat_id=town.at["chat_id"])
        told = await asyncio.wait_for(changed.get(), 30)
        score.equal("and who is out", (told.user_id, told.new_participant), (fay, None))
        state = await bot(functions.updates.GetStateRequest())
        missed = await bot(functions.updates.GetDifferenceRequest(state.pts, state.date, state.qts - 1))
        score.equal("what was missed is told again", [one.qts for one in missed.other_updates], [state.qts])


async def misfortune(town):
    async with town.known(town.admin["auth_key"], flood_sleep_threshold=0) as client:
        await client.get_dialogs()
        chat = await town.chat(client)
        town.control("faults", method="messages.exportChatInvite", kind="flood", n=7)
        flood = await score.refuses(
            "a flood is said", client(functions.messages.ExportChatInviteRequest(chat)), refused.FloodWaitError
        )
        score.equal("and how long it lasts", flood.seconds, 7)
    zoe = town.person("Zoe")
    key = town.control(f"people/{zoe}/session")["auth_key"]
    async with town.known(key) as client:
        score.check("a session works", await client.is_user_authorized())
        town.control(f"people/{zoe}/logout")
        await score.refuses(
            "until it is ended elsewhere", client(functions.users.GetUsersRequest([types.InputUserSelf()])),
            refused.SessionRevokedError,
        )


async def later(town):
    """Telethon passes over messages that are dated far from its own time."""
    async with town.known(town.admin["auth_key"]) as client:
        day = 86_400
        told = await client(functions.help.GetConfigRequest())
        town.control("clock/advance", seconds=day)
        asked = asyncio.wait_for(client(functions.help.GetConfigRequest()), timeout=20)
        after = await asked
        score.check("a day later the client still hears", (after.date - told.date).days == 1, after.date)
    async with town.stranger() as client:
        score.check("and comes to a key", not await client.is_user_authorized())


async def main(announcement):
    logging.basicConfig(level=logging.CRITICAL)
    town = Town(announcement)
    rsa.add_key(town.door["public_key"], old=False)
    for scene in [log_in, scanned, transports, links, requests, visitors, news, misfortune, later]:
        await scene(town)
    print(f"{score.passed} checks passed, {score.failed} failed")
    return score.failed


if __name__ == "__main__":
    sys.exit(bool(asyncio.run(main(json.loads(sys.argv[1])))))
