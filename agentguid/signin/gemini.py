"""The account that Gemini CLI works with, when the user has signed in to it here rather than in a terminal."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct

from agentguid.agents import gemini_home, gemini_package
from agentguid.agents.discovery import Agents
from agentguid.append.accounts import Account, Accounts
from agentguid.entropy import now
from agentguid.protocol.errors import AgentFailed, Invalid, Refused
from agentguid.settings import Settings
from agentguid.signin import oauth
from agentguid.signin.oauth import Client, SignInFailed
from agentguid.signin.starts import Mode, Start, Starts

log = logging.getLogger(__name__)

AGENT = "gemini"
SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
)
"""Those that Gemini CLI asks for itself."""
NEW = 15 / 16
"""Of a token's lifetime: with less of it left, it is renewed for an agent that starts."""
LONGEST = 4096
"""Characters of a code, a state, an address."""
AGAIN = "Sign in again under Settings › Provider keys, or with `agentguictl keys login gemini`."
UNKNOWN = "This sign-in is not one that waits here: it was finished already, is too old, or was begun elsewhere. Begin again."


class Status(Struct, frozen=True):
    status: Literal["idle", "pending", "success", "error"]
    error: str = ""
    email: str = ""


class GeminiSignIn:
    """Lives in the event loop."""

    def __init__(
        self,
        accounts: Accounts,
        agents: Agents,
        settings: Callable[[], Settings],
        starts: Starts | None = None,
    ) -> None:
        self._accounts = accounts
        self._agents = agents
        self._settings = settings
        self.starts = starts or Starts()
        self._renewing = asyncio.Lock()
        self._error = ""
        """Of the last try, until the next."""

    @property
    def account(self) -> Account | None:
        return self._accounts.get(AGENT)

    def keeps(self, agent: str) -> bool:
        """Whether that agent is signed in to by an account that is kept here."""
        return agent == AGENT and self.account is not None

    @property
    def custom(self) -> bool:
        """The user has a client of their own, which may be sent back anywhere that it is registered for."""
        return bool(self._settings().gemini_client_id)

    # -- signing in ---------------------------------------------------------------------------------------------------
    async def begin(self, redirect: str, mode: Mode, actor: str) -> Start:
        """A new sign-in, whose URL the user is to open. Raises Refused when there is no client to do it with."""
        client = await self._client()
        self._error = ""
        return self.starts.begin(client, SCOPES, redirect, mode, actor)

    async def come_back(self, given: Mapping[str, str]) -> Account:
        """What the provider's redirect carries: `state`, and `code` or `error`. The state is used up by it.

        Raises SignInFailed; Refused for a state that nothing waits with.
        """
        start = self.starts.take(given.get("state", "")[:LONGEST])
        if start is None:
            raise Refused(UNKNOWN)
        try:
            account = await self._exchange(start, given)
        except BaseException as error:
            self._error = str(error) if isinstance(error, SignInFailed) else "It was broken off. Begin again."
            self.starts.settle(start, self._error)
            raise
        self._error = ""
        self.starts.settle(start)
        log.info("signed in to Gemini CLI", extra={"actor": start.actor})
        return account

    async def come_back_by(self, url: str) -> Account:
        """The same with the address that the browser was sent to. Raises Invalid for what is none."""
        return await self.come_back(carried(url))

    async def _exchange(self, start: Start, given: Mapping[str, str]) -> Account:
        if error := given.get("error"):
            word = error if oauth.ERROR.fullmatch(error) else "an error"
            said = "You did not agree" if word == "access_denied" else "The provider refused"
            raise SignInFailed("refused", f"{said} ({word}). Begin again.", word)
        code = given.get("code", "")
        if not oauth.TOKEN.fullmatch(code):
            raise SignInFailed("garbled", "There is no code in this address. Begin again.")
        client = start.client
        tokens = await oauth.exchange(client, code, start.verifier, start.redirect)
        email = await oauth.email(client, tokens.access)
        lifetime = tokens.lifetime * 1_000_000
        account = Account(
            agent=AGENT,
            access=tokens.access,
            refresh=tokens.refresh,
            until=now() + lifetime,
            lifetime=lifetime,
            client=client.id,
            secret=client.secret,
            at=now(),
            email=email,
        )
        await self._accounts.set(account)
        return account

    async def forget(self, actor: str) -> bool:
        """Signs out here. The provider is not told: that would end the user's own sign-in of Gemini CLI, too."""
        self._error = ""
        removed = await self._accounts.remove(AGENT)
        if removed:
            log.info("signed out of Gemini CLI", extra={"actor": actor})
        return removed

    def status(self, id: str = "") -> Status:  # noqa: A002
        """Of one sign-in; without an id how it stands altogether."""
        account = self.account
        email = account.email if account else ""
        if id:
            start = self.starts.get(id)
            if start is None:
                return Status("error", UNKNOWN)
            return Status(start.outcome, start.error, email if start.outcome == "success" else "")
        if self.starts.latest():
            return Status("pending", "", email)
        if error := self._error or (account.problem if account else ""):
            return Status("error", error, email)
        return Status("success", "", email) if account else Status("idle")

    async def _client(self) -> Client:
        settings = self._settings()
        secret = settings.gemini_client_secret.get_secret_value()
        if settings.gemini_client_id:
            return self._at(settings.gemini_client_id, secret)
        found = self._agents.get(AGENT)
        if found is None or found.path is None:
            await self._agents.rescan()
            found = self._agents.get(AGENT)
        if found is None or found.path is None:
            raise Refused((found and found.problem) or "agentguid does not know Gemini CLI.")
        program = found.path
        pair = await asyncio.to_thread(gemini_package.client, program)
        if pair is None:
            raise Refused(
                f"What Gemini CLI signs in as was not found in the package of {program}. "
                "Install it by npm, or set gemini_client_id and gemini_client_secret."
            )
        return self._at(*pair)

    def _at(self, id: str, secret: str) -> Client:  # noqa: A002
        settings = self._settings()
        urls = settings.gemini_auth_url, settings.gemini_token_url, settings.gemini_user_url
        return Client(id, secret, *urls)

    # -- for the agent ------------------------------------------------------------------------------------------------
    async def environ(self, agent: str, home: Path) -> dict[str, str]:
        """What an agent that starts now is to have in its environment.

        Its token is as good as new, where the server can be reached: the agent cannot get another one while it works.
        Raises AgentFailed when the account is not good any more.
        """
        if agent != AGENT or self.account is None:
            return {}
        async with self._renewing:
            account: Account | None = self.account
            if account is not None and account.until - now() < account.lifetime * NEW:
                account = await self._renew(account)
            if account is None:
                return {}
            await asyncio.to_thread(gemini_home.prepare, home, os.environ)
        return {
            "GOOGLE_GENAI_USE_GCA": "true",
            "GOOGLE_CLOUD_ACCESS_TOKEN": account.access,
            gemini_home.VARIABLE: str(home),
        }

    def outdated(self, agent: str, since: int) -> bool:
        """Whether an agent that was started then should be started anew before it gets more to do: its token ends
        soon, or the user has signed in since."""
        account = self.account if agent == AGENT else None
        return account is not None and (since < account.at or now() - since > account.lifetime // 2)

    async def _renew(self, account: Account) -> Account | None:
        """With a new token; the old one as long as it holds and no other is to be had. None: signed out meanwhile."""
        if account.problem:
            raise AgentFailed(account.problem)
        try:
            tokens = await oauth.refresh(self._at(account.client, account.secret), account.refresh)
        except SignInFailed as failed:
            if failed.error != "invalid_grant":  # the one error that is about the token, and final
                if account.until > now():
                    return account
                raise AgentFailed(f"Gemini CLI's sign-in could not be renewed: {failed}") from None
            problem = f"Google does not accept the sign-in of Gemini CLI any more ({failed.error}). {AGAIN}"
            await self._accounts.renew(account, msgspec.structs.replace(account, problem=problem, access=""))
            log.warning("the sign-in of Gemini CLI is refused: %s", failed.error)
            raise AgentFailed(problem) from None
        lifetime = tokens.lifetime * 1_000_000
        renewed = msgspec.structs.replace(
            account,
            access=tokens.access,
            refresh=tokens.refresh or account.refresh,
            until=now() + lifetime,
            lifetime=lifetime,
        )
        return renewed if await self._accounts.renew(account, renewed) else self.account


def carried(url: str) -> dict[str, str]:
    """What an address carries. Raises Invalid."""
    text = url.strip()
    if len(text) > LONGEST or not text.isprintable():
        raise Invalid("address", "is not one that the sign-in leads to")
    try:
        query = dict(parse_qsl(urlsplit(text).query, max_num_fields=20))
    except ValueError:
        query = {}
    if "state" not in query:
        raise Invalid("address", "has no state in it: copy the whole address of the page that did not open")
    return query
