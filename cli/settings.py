"""Every setting, read from the environment or `.env` and checked: nobody else reads either.

Guarantees: a setting that can't be used ends the program before it has begun, in one line that
says what is wrong and what to do, and shows no secret; an unknown `LOCKERBOT_*` name is refused
with the nearest known one, so that a slip of the pen is not silently a default.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.business import Business
from bot.domain.ids import PersonId, TowerId
from bot.domain.limits import Limits
from bot.domain.openers import BY_LINK, Openers
from bot.domain.policy import Policy
from cli import reminding
from cli.fields import (
    Algorithm,
    Bearer,
    BotToken,
    ChatId,
    ChatIds,
    Contact,
    Country,
    DatabaseUrl,
    Dsn,
    HarborBase,
    HttpBase,
    Keys,
    Language,
    Line,
    Networks,
    PageUrl,
    Picture,
    Port,
    PrivacyAddress,
    PublicUrl,
    Routes,
    Seconds,
    WebhookSecret,
)
from cli.names import FILE, PREFIX, in_place_of, unknown, unreadable
from cli.openers import (
    TowerSetting,
    read_app_link,
    read_app_name,
    read_openers,
    read_towers,
)
from harbor.access import ACCOUNTS_URLS, API_URLS, Access, Environment
from harbor.webhooks import Signature


class BadSetting(Exception):
    """A setting is missing or can't be used; one line: its name, what is wrong, what to do."""


class Settings(BaseSettings):
    """A field's alias, or else its name in capitals, is the setting's name in the environment.

    What Harbor leaves UNKNOWN (the cancel route, how a push is signed) is settable here.
    """

    model_config = SettingsConfigDict(
        env_file=FILE, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    telegram_bot_token: BotToken | None = None
    telegram_api_url: HttpBase = "https://api.telegram.org"
    telegram_webhook_secret: WebhookSecret | None = None
    database_url: DatabaseUrl = "sqlite:///lockerbot.db"
    ephemeral_disk: bool = Field(False, alias="LOCKERBOT_EPHEMERAL_DISK")
    public_url: PublicUrl | None = None
    port: Port = 8080
    host: str = "127.0.0.1"
    metrics_token: Bearer | None = Field(None, alias="LOCKERBOT_METRICS_TOKEN")
    metrics_port: Port | None = Field(None, alias="LOCKERBOT_METRICS_PORT")
    metrics_host: str = Field("127.0.0.1", alias="LOCKERBOT_METRICS_HOST")
    operator_chat_ids: ChatIds = []
    operator_group_id: ChatId | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] | None = None
    sentry_dsn: Dsn | None = None
    secret_key: Keys = Field([], alias="LOCKERBOT_SECRET_KEY")
    towers: Annotated[list[TowerSetting] | None, NoDecode, BeforeValidator(read_towers)] = Field(
        None, alias="LOCKERBOT_TOWERS"
    )
    reservation_seconds: Seconds = Field(300, alias="LOCKERBOT_RESERVATION_SECONDS")
    drop_off_token_seconds: Seconds = Field(3000, alias="LOCKERBOT_DROP_OFF_TOKEN_SECONDS")
    pick_up_token_seconds: Seconds = Field(900, alias="LOCKERBOT_PICK_UP_TOKEN_SECONDS")
    storage_hours: Annotated[int, Field(ge=1, le=24 * 60)] = Field(
        72, alias="LOCKERBOT_STORAGE_HOURS"
    )
    watch_seconds: Annotated[float, Field(ge=0.5, le=3600)] = Field(
        5, alias="LOCKERBOT_WATCH_SECONDS"
    )
    messages_a_second: Annotated[int, Field(ge=1, le=1000)] = Field(
        28, alias="LOCKERBOT_MESSAGES_A_SECOND"
    )
    opener: Annotated[Openers, NoDecode, BeforeValidator(read_openers)] = Field(
        BY_LINK, alias="LOCKERBOT_OPENER"
    )
    app_name: Annotated[str, AfterValidator(read_app_name)] | None = Field(
        None, alias="LOCKERBOT_APP_NAME"
    )
    app_link: Annotated[str, AfterValidator(read_app_link)] | None = Field(
        None, alias="LOCKERBOT_APP_LINK"
    )
    link_seconds: Seconds = Field(300, alias="LOCKERBOT_LINK_SECONDS")
    pick_up_link_seconds: Seconds = Field(86400, alias="LOCKERBOT_PICK_UP_LINK_SECONDS")
    orphan_grace_seconds: Seconds = Field(1800, alias="LOCKERBOT_ORPHAN_GRACE_SECONDS")
    waits: Annotated[int, Field(ge=1, le=100)] = Field(3, alias="LOCKERBOT_WAITS")
    wait_hours: Annotated[int, Field(ge=1, le=24 * 60)] = Field(24, alias="LOCKERBOT_WAIT_HOURS")
    head_start_seconds: Seconds = Field(300, alias="LOCKERBOT_HEAD_START_SECONDS")
    wait_look_seconds: Seconds = Field(30, alias="LOCKERBOT_WAIT_LOOK_SECONDS")
    prepared_days: Annotated[int, Field(ge=1, le=90)] = Field(7, alias="LOCKERBOT_PREPARED_DAYS")
    first_reminder_hours: reminding.ReminderHours = Field(
        reminding.FIRST, alias="LOCKERBOT_FIRST_REMINDER_HOURS"
    )
    last_reminder_hours: reminding.ReminderHours = Field(
        reminding.LAST, alias="LOCKERBOT_LAST_REMINDER_HOURS"
    )
    awaited_reminder_hours: reminding.ReminderHours = Field(
        reminding.AWAITED, alias="LOCKERBOT_AWAITED_REMINDER_HOURS"
    )
    hold_warning_seconds: reminding.HoldWarning = Field(
        reminding.HOLD, alias="LOCKERBOT_HOLD_WARNING_SECONDS"
    )
    prepared_warning_hours: reminding.PreparedWarning = Field(
        reminding.PREPARED, alias="LOCKERBOT_PREPARED_WARNING_HOURS"
    )
    extension_hours: reminding.ExtensionHours = Field(24, alias="LOCKERBOT_EXTENSION_HOURS")
    extensions: reminding.Extensions = Field(3, alias="LOCKERBOT_EXTENSIONS")
    live_deliveries: Annotated[int, Field(ge=1)] = Field(100, alias="LOCKERBOT_LIVE_DELIVERIES")
    holds: Annotated[int, Field(ge=1)] = Field(12, alias="LOCKERBOT_HOLDS")
    bookings_an_hour: Annotated[int, Field(ge=1)] = Field(60, alias="LOCKERBOT_BOOKINGS_AN_HOUR")
    business_name: Line | None = Field(None, alias="LOCKERBOT_BUSINESS_NAME")
    support_contact: Contact | None = Field(None, alias="LOCKERBOT_SUPPORT_CONTACT")
    privacy_address: PrivacyAddress | None = Field(None, alias="LOCKERBOT_PRIVACY_ADDRESS")
    terms_url: PageUrl | None = Field(None, alias="LOCKERBOT_TERMS_URL")
    picture: Picture | None = Field(None, alias="LOCKERBOT_PICTURE")
    locale: Language = Field("en", alias="LOCKERBOT_LOCALE")
    country: Country | None = Field(None, alias="LOCKERBOT_COUNTRY")
    trusted_proxies: Networks = Field([], alias="LOCKERBOT_TRUSTED_PROXIES")
    demo_seconds: Annotated[float, Field(ge=0)] | None = None
    harbor_environment: Environment = "sandbox"
    harbor_api_url: HarborBase | None = None
    harbor_accounts_url: HarborBase | None = None
    harbor_client_id: str | None = None
    harbor_client_secret: SecretStr | None = None
    harbor_routes: Routes = Field(default_factory=dict)
    harbor_webhook_secret: SecretStr | None = None
    harbor_webhook_signature_header: str = "X-Harbor-Signature"
    harbor_webhook_algorithm: Algorithm = "sha256"

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """From the environment and `.env`; `given` (by alias) wins. Raises BadSetting."""
        names = setting_names()
        for complaint in chain(unreadable(names), unknown(names)):
            raise BadSetting(complaint)
        try:
            return cls(**given)
        except ValidationError as error:
            raise BadSetting(next(iter(_complaints(error).values()))) from None

    @classmethod
    def load_what_can_be_used(cls) -> tuple[Settings, dict[str, str]]:
        """As `load`, with its default for each setting that can't be used; and by their names, what
        is wrong with those, one line each. What is at odds with such a default is wrong, too.
        Raises BadSetting where nothing can be read."""
        for complaint in unreadable(setting_names()):
            raise BadSetting(complaint)
        wrong: dict[str, str] = {}
        while True:
            defaults = {
                field.alias or name: field.get_default(call_default_factory=True)
                for name, field in cls.model_fields.items()
                if (field.alias or name.upper()) in wrong
            }
            try:
                return cls(**defaults), wrong
            except ValidationError as error:
                found = _complaints(error)
            if found.keys() <= wrong.keys():
                raise BadSetting(next(iter(found.values())))
            wrong |= found

    @classmethod
    def complaint(cls, name: str, value: str) -> str | None:
        """What is wrong with `value` for the setting `name`, in one line; None: nothing."""
        found = next(f for f, field in cls.model_fields.items() if name in (field.alias, f.upper()))
        try:
            cls(**{cls.model_fields[found].alias or found: value})  # type: ignore[arg-type]
        except ValidationError as error:
            return _complaints(error).get(name)
        return None

    def lacking(self, *names: str) -> Iterator[str]:
        """A line for each of these settings (environment names) that is missing."""
        for name in names:
            if not getattr(self, name.removeprefix(PREFIX).lower()):
                other = in_place_of(name, setting_names())
                renamed = f" ({other} is set: rename it, if that is it)" if other else ""
                yield f"{name}: not set; {NEEDED[name]}{renamed}"

    def need(self, *names: str) -> None:
        """Raise BadSetting for the first of these settings (environment names) that is missing."""
        for complaint in self.lacking(*names):
            raise BadSetting(complaint)

    @property
    def policy(self) -> Policy:
        """What the core needs to know of all this."""
        prepared = timedelta(days=self.prepared_days)
        return Policy(
            reservation=timedelta(seconds=self.reservation_seconds),
            drop_off=timedelta(seconds=self.drop_off_token_seconds),
            pick_up=timedelta(seconds=self.pick_up_token_seconds),
            storage=timedelta(hours=self.storage_hours),
            watch=timedelta(seconds=self.watch_seconds),
            link_hold=timedelta(seconds=self.link_seconds),
            link_lasts=timedelta(seconds=self.pick_up_link_seconds),
            orphan_grace=timedelta(seconds=self.orphan_grace_seconds),
            wait=timedelta(hours=self.wait_hours),
            head_start=timedelta(seconds=self.head_start_seconds),
            waits=self.waits,
            wait_look=timedelta(seconds=self.wait_look_seconds),
            prepared=prepared,
            prepared_warning=min(timedelta(hours=self.prepared_warning_hours), prepared / 2),
            first_reminder=timedelta(hours=self.first_reminder_hours),
            last_reminder=timedelta(hours=self.last_reminder_hours),
            awaited_reminder=timedelta(hours=self.awaited_reminder_hours),
            hold_warning=timedelta(seconds=min(self.hold_warning_seconds, self._shortest_hold / 2)),
            extension=timedelta(hours=self.extension_hours),
            extensions=self.extensions,
            openers=self.opener,
            tower_openers={tower.id: tower.given(self.opener) for tower in self.towers or ()},
            app_name=self.app_name,
            app_link=self.app_link,
            operators=_people(self.operator_chat_ids),
            tower_operators={
                tower.id: _people(tower.operators) for tower in self.towers or () if tower.operators
            },
            operator_group=self.operator_group,
            business=Business(
                self.business_name, self.support_contact, self.privacy_address, self.terms_url
            ),
            limits=Limits(self.live_deliveries, self.holds, self.bookings_an_hour),
        )

    @property
    def _shortest_hold(self) -> int:
        return min(self.reservation_seconds, self.drop_off_token_seconds, self.link_seconds)

    @property
    def operator_group(self) -> PersonId | None:
        """The operators' group; None where there is none, or what is set is no group's id."""
        group = self.operator_group_id
        return PersonId(group) if group is not None and group < 0 else None

    def operators(self) -> Iterator[tuple[str, int, TowerId | None]]:
        """The setting that names an operator, the id as it is written there, and of which tower
        alone."""
        for chat in dict.fromkeys(self.operator_chat_ids):
            yield "OPERATOR_CHAT_IDS", chat, None
        for tower in self.towers or ():
            for chat in tower.operators:
                yield "LOCKERBOT_TOWERS", chat, tower.id

    @property
    def only_towers(self) -> list[TowerId] | None:
        """The towers the bot is confined to, None for all that can be discovered."""
        return None if self.towers is None else [tower.id for tower in self.towers]

    @property
    def keys(self) -> list[str]:
        """The secret keys in the clear, for the one place that seals with them."""
        return [key.get_secret_value() for key in self.secret_key]

    @property
    def webhook_secret(self) -> str:
        """The secret token for Telegram's webhook: as set, else derived from the secret key."""
        if self.telegram_webhook_secret is not None:
            return self.telegram_webhook_secret.get_secret_value()
        return self._derived("telegram webhook secret")

    @property
    def webhook_path(self) -> str:
        """`/telegram/<random part>`: the same after each restart, unknown to anybody else."""
        return "/telegram/" + self._derived("telegram webhook path")[:32]

    @property
    def harbor(self) -> Access:
        """Where Harbor is, and who we are to it; raises BadSetting without credentials."""
        self.need("HARBOR_CLIENT_ID", "HARBOR_CLIENT_SECRET")
        assert self.harbor_client_id is not None, "asked for above"
        assert self.harbor_client_secret is not None, "asked for above"
        return Access(
            api_url=self.harbor_api_url or API_URLS[self.harbor_environment],
            accounts_url=self.harbor_accounts_url or ACCOUNTS_URLS[self.harbor_environment],
            client_id=self.harbor_client_id,
            client_secret=self.harbor_client_secret,
            environment=self.harbor_environment,
            routes=self.harbor_routes,
        )

    @property
    def harbor_signature(self) -> Signature | None:
        """How pushes are signed; None when no secret is set, so that every push is a nudge."""
        if self.harbor_webhook_secret is None:
            return None
        return Signature(
            self.harbor_webhook_secret,
            self.harbor_webhook_signature_header,
            self.harbor_webhook_algorithm,
        )

    @property
    def page_key(self) -> bytes:
        """With which the tokens of forms on parcel pages are made."""
        return self._derived("parcel page tokens").encode()

    def _derived(self, purpose: str) -> str:
        return hmac.new(self.keys[0].encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _people(chats: Iterable[int]) -> frozenset[PersonId]:
    """Those of the ids that are a person's."""
    return frozenset(PersonId(chat) for chat in chats if chat > 0)


NEEDED = {
    "TELEGRAM_BOT_TOKEN": "ask @BotFather for one",
    "LOCKERBOT_SECRET_KEY": "make one with `openssl rand -hex 32` and keep it",
    "HARBOR_CLIENT_ID": "Harbor issues it",
    "HARBOR_CLIENT_SECRET": "Harbor issues it with the client id",
}
"""What has no default, and where it comes from."""


def page_links(public_url: str | None) -> str:
    """Where parcel pages are, as `Links.page` says: none without a public address."""
    return f"{public_url}/p/{{page}}" if public_url else ""


def setting_names() -> list[str]:
    """Every setting by its name in the environment."""
    return [field.alias or name.upper() for name, field in Settings.model_fields.items()]


def known_names() -> list[str]:
    """Every `LOCKERBOT_*` name."""
    return sorted(name for name in setting_names() if name.startswith(PREFIX))


def _complaints(error: ValidationError) -> dict[str, str]:
    """By each setting's name, the first thing that is wrong with it, in one line."""
    found: dict[str, str] = {}
    for each in error.errors(include_input=False, include_url=False):
        name = str(each["loc"][0]).upper() if each["loc"] else "?"
        found.setdefault(name, f"{name}: {each['msg'].removeprefix('Value error, ')}")
    return found
