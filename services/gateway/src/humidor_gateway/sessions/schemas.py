"""What log-in takes and gives."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Password = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]
RefreshToken = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]


class LogIn(BaseModel):
    """`new_password` is needed where a one-time password has to be replaced."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"username": "admin", "password": "one-time"}]}
    )

    username: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
    password: Password
    new_password: Password | None = None


class PasswordChange(BaseModel):
    """A new password for oneself."""

    model_config = ConfigDict(extra="forbid")

    password: Password
    new_password: Password


class Refresh(BaseModel):
    """The refresh token, good for one use."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: RefreshToken


class LogOut(BaseModel):
    """`everywhere` ends the user's other sessions too."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: RefreshToken
    everywhere: bool = False


class Tokens(BaseModel):
    """An access token, and the refresh token that gets the next pair."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6749's constant
    expires_in: int
    refresh_token: str
    refresh_expires_in: int


class Me(BaseModel):
    """The caller as its token proves it."""

    subject: str
    kind: Literal["user", "system", "terminal"]
    roles: list[str]
    scopes: list[str]
    stores: list[str] | None
