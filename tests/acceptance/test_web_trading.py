"""The operator's pause over HTTP."""

from pathlib import Path

from tests.acceptance.api import AppClient, an_open, serving


def test_a_pause_refuses_opens_and_nothing_else_and_survives_a_restart(
    database_url: str, tmp_path: Path
) -> None:
    """Rungs, stops and closes go on; the same pause is there after the restart, until its end."""
    with serving(database_url, tmp_path) as api:
        api.account("100")
        api.price("100")
        kept, closed = api.open()["id"], api.open()["id"]
        paused = api.post("/trading/pause", {"reason": "maintenance"})
        assert (paused["paused"], paused["reason"]) == (True, "maintenance")
        assert_paused(api)
        api.price("103")
        assert api.get(f"/positions/{kept}")["rungs_hit"] == 1
        assert api.post(f"/positions/{closed}/close")["position"]["status"] == "CLOSED"
        api.house.stop()
    with serving(database_url, tmp_path) as api:
        assert api.get("/trading") == paused
        api.price("103")
        assert_paused(api)
        assert api.post("/trading/resume", {"reason": "done"})["paused"] is False
        api.open()


def test_one_account_is_paused_alone(database_url: str, tmp_path: Path) -> None:
    """The others go on; who asks sees which and why."""
    with serving(database_url, tmp_path) as api:
        api.account("100")
        api.account("100", account="other")
        api.price("100")
        trading = api.post("/trading/pause", {"account": "demo", "reason": "look into it"})
        assert trading["paused"] is False
        assert trading["accounts"]["demo"]["reason"] == "look into it"
        assert_paused(api)
        api.open(account="other")
        resumed = api.post("/trading/resume", {"account": "demo", "reason": "fine"})
        assert resumed == {"paused": False, "reason": None, "since": None, "accounts": {}}
        api.open()


def assert_paused(api: AppClient) -> None:
    """An open of account demo is refused for the pause."""
    document = api.problem("POST", "/positions", an_open())
    assert (document["status"], document["type"]) == (409, "urn:backstay:problem:trading-paused")
