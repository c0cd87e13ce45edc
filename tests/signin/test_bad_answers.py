"""A token endpoint that answers badly, slowly or not at all."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agentguid.signin import oauth
from tests.signin.test_signing_in import begin, status
from tests.support import signing
from tests.support.daemon import Daemon, wait_for
from tests.support.oauth_server import BAD
from tests.support.provider import Provider, get

provider, daemon = signing.provider, signing.daemon


@pytest.fixture(autouse=True)
def signed_out(daemon: Daemon, provider: Provider) -> None:
    provider.behave(answer="")
    daemon.api("DELETE", "/gemini-oauth")


@pytest.mark.parametrize("answer", [*BAD, "cut"])
def test_an_answer_that_is_none_is_said_in_a_sentence(
    daemon: Daemon, provider: Provider, answer: str
) -> None:
    address = provider.agree(begin(daemon)["authUrl"])
    provider.behave(answer=answer)

    code, _, page = get(address)

    assert code == 400
    assert "127.0.0.1" in page
    assert "<script" not in page.replace("<script src", "")
    assert status(daemon)["status"] == "error"
    assert "Traceback" not in daemon.log()
    assert status(daemon)["email"] is None
    provider.behave(answer="")
    assert get(provider.agree(begin(daemon)["authUrl"]))[0] == 303


def test_a_slow_server_holds_nobody_else_up_and_is_given_up(daemon: Daemon, provider: Provider) -> None:
    address = provider.agree(begin(daemon)["authUrl"])
    provider.behave(answer="slow")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(get, address)
        wait_for(lambda: provider.seen()["asked"], "the server to be asked")
        conversation = daemon.conversation()
        daemon.send(conversation, "emit 1")
        assert daemon.ended(conversation)["status"] == "complete"
        assert not asked.done()
        code, _, page = asked.result(60)

    assert code == 400
    assert "did not answer within" in page


@given(
    some.binary(max_size=300)
    | some.recursive(
        some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
        lambda inner: (
            some.dictionaries(
                some.sampled_from(["access_token", "refresh_token", "token_type", "expires_in", "error"])
                | some.text(),
                inner,
            )
            | some.lists(inner)
        ),
    ).map(lambda value: json.dumps(value).encode()),
    some.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 999]),
)
def test_whatever_is_answered_gives_tokens_or_a_sentence(body: bytes, code: int) -> None:
    try:
        tokens = oauth.read("host.example", code, body)
    except oauth.SignInFailed as failed:
        sentence = str(failed)
    else:
        sentence = "none"
        assert oauth.TOKEN.fullmatch(tokens.access)
        assert not tokens.refresh or oauth.TOKEN.fullmatch(tokens.refresh)
        assert oauth.SHORTEST <= tokens.lifetime <= oauth.LONGEST
    assert sentence.isprintable()
    assert len(sentence) < 400
