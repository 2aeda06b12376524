"""The whole OpenAPI document, asked with whatever Schemathesis makes up of it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from backstay.web.access.connection_stats import ConnectionStats
from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from backstay.web.app import create_app
from backstay.web.backend import Backend
from backstay.web.request_stats import RequestStats
from tests.acceptance.api import AppClient, serving

load_all_checks()

EXCLUDED: list[Any] = CHECKS.get_by_names(
    [
        # What is well formed may still be denied: 404, 409 and 422 are the API's business.
        "positive_data_acceptance",
        # Tokens that are not in force are soon answered with 429, which it does not expect.
        "ignored_auth",
    ]
)

# The document is needed before any house is there: it depends on no system.
APP = create_app(
    cast(
        Backend,
        SimpleNamespace(
            access=None,
            hook=None,
            refused_alerts=None,
            requests=RequestStats(),
            connections=ConnectionStats(),
            root_path="",
        ),
    )
)
DOCUMENT = schemathesis.openapi.from_dict(APP.openapi())
DOCUMENT.app = APP
# The event stream never ends, and has tests of its own.
schema = DOCUMENT.exclude(path_regex="/events$")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppClient]:
    """A house with an account, a market and a position, for all requests; tokens are asked for."""
    folder = tmp_path_factory.mktemp("schema")
    with serving(f"sqlite:///{folder / 'backstay.db'}", folder) as api:
        api.account("1000")
        api.price("100")
        api.open()
        yield api


@pytest.fixture(scope="module")
def token(api: AppClient) -> str:
    """An admin's token; from now on each request needs one."""
    return TokenFile(api.tokens_file).create("schema", Scope.ADMIN)


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_is_undocumented_and_none_is_a_500(
    api: AppClient, token: str, case: schemathesis.Case[Any]
) -> None:
    """Valid and invalid requests alike get what the document says, in its shape."""
    case.call_and_validate(
        app=api.app, headers={"Authorization": f"Bearer {token}"}, excluded_checks=EXCLUDED
    )
