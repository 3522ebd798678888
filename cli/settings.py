"""Every setting: its name, its default, how it is checked, and what follows from it.

Guarantees: a setting is read here and by nobody else, from the environment or `.env`
(`cli/loading.py`); one that can't be used ends the program before it has begun.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from bot.domain.ids import PersonId, TowerId
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
from cli.loading import Loaded
from cli.names import PREFIX
from cli.openers import (
    TowerSetting,
    read_app_link,
    read_app_name,
    read_openers,
    read_towers,
)
from cli.policy import policy_of
from harbor.access import ACCOUNTS_URLS, API_URLS, Access, Environment
from harbor.webhooks import Signature


class Settings(Loaded):
    """What Harbor leaves UNKNOWN (the cancel route, how a push is signed) is settable here."""

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
    operator_chat_ids: ChatIds = Field([])
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

    @property
    def policy(self) -> Policy:
        """What the core needs to know of all this."""
        return policy_of(self)

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


def page_links(public_url: str | None) -> str:
    """Where parcel pages are, as `Links.page` says: none without a public address."""
    return f"{public_url}/p/{{page}}" if public_url else ""


def known_names() -> list[str]:
    """Every `LOCKERBOT_*` name."""
    return sorted(name for name in Settings.names() if name.startswith(PREFIX))
