"""The caller's name and scope, so that a page can hide what the caller may not do."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from backstay.web.access.access import Caller, requires
from backstay.web.access.scopes import Scope
from backstay.web.problems import answers

router = APIRouter(tags=["operations"])


class CallerBody(BaseModel):
    """A caller: the token's name, null where none is asked for, and how far it reaches."""

    token: str | None
    scope: Literal["read", "trade", "admin"]
    session: Annotated[bool, Field(description="whether it is a browser's login, which can end")]


@router.get("/caller", responses=answers())
async def show_caller(caller: Annotated[Caller, requires(Scope.READ)]) -> CallerBody:
    """Return the caller's token name and scope."""
    name = caller.token.name if caller.token is not None else None
    return CallerBody(token=name, scope=caller.scope.value, session=caller.session_id is not None)
