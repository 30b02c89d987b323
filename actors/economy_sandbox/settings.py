"""What the sandbox and the service it starts tell each other.

The configuration file is livelier than a real channel's: short waits, low thresholds, a bigger
welcome, and prices that an evening pays for.
"""

import json
import socket
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

__all__ = ("DemoConfig", "ServiceInfo", "StartService", "demo_settings")


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """Where the service finds the demo's bus and channel; ``config_path`` is written."""

    nats_url: str
    domain: str
    channel: str
    bot: str
    folder: Path
    config_path: Path

    @property
    def log_path(self) -> Path:
        """Where the service may write its log."""
        return self.folder / "service.log"


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """What a started service tells: its addresses and the commands it knows."""

    metrics_url: str | None = None
    commands: Collection[str] = ()
    pages_url: str | None = None


StartService = Callable[[DemoConfig], AbstractAsyncContextManager[ServiceInfo]]

_EVENT_AFTER_MINUTES = 3
_EVENT_EVERY_MINUTES = 10

_TEMPLATE = """\
# Written by `kryten-economy demo`; gone when it ends.
nats:
  servers: [{nats_url}]
  reconnect_time_wait: 1
channels:
  - {{domain: {domain}, channel: {channel}}}
bot: {{username: {bot}}}
database: {{path: {database}}}
metrics: {{port: {port}}}
web: {{port: 0}}
onboarding: {{welcome_wallet: 250, welcome_delay_seconds: 3}}
presence:
  base_rate_per_minute: 5
  active_bonus_per_minute: 2
  join_debounce_minutes: 1
  hourly_milestones: {{1: 25, 3: 75, 6: 150}}
  night_watch: {{enabled: true, hours: [{every_hour}], multiplier: 1.2}}  # a demo is always late
streaks: {{daily: {{min_presence_minutes: 2}}}}
rain: {{interval_minutes: 4}}
balance_maintenance: {{interest: {{daily_rate: 0.01}}}}
chat_triggers:
  kudos_received: {{hidden: false}}
  first_message_of_day: {{hidden: false}}
  conversation_starter: {{min_silence_minutes: 2}}
content_triggers:
  like_current: {{hidden: false}}
social_triggers:
  greeted_newcomer: {{hidden: false}}
multipliers:
  off_peak: {{enabled: false}}
  high_population: {{min_users: 10, multiplier: 1.5, hidden: false}}
  scheduled_events:
    - name: Happy Minutes
      cron: "{event_minutes} * * * *"
      duration_hours: 0.05
      multiplier: 2.0
      presence_bonus: 150
ranks:
  tiers:
    - {{name: Extra, min_lifetime_earned: 0}}
    - {{name: Grip, min_lifetime_earned: 350}}
    - {{name: Key Grip, min_lifetime_earned: 800, perks: [rain drops +20%]}}
    - {{name: Gaffer, min_lifetime_earned: 2000, perks: [+1 queue/day]}}
    - {{name: Best Boy, min_lifetime_earned: 5000, perks: [1 free daily fortune]}}
cytube_promotion: {{min_rank: Best Boy, cost: 900}}
achievements:
  - id: first_words
    description: Say three things in the channel
    condition: {{type: lifetime_messages, threshold: 3}}
    reward: 20
    hidden: false
  - id: earner
    description: Earn 1,000 Z
    condition: {{type: lifetime_earned, threshold: 1000}}
    reward: 50
    hidden: false
  - id: key_grip
    description: Reach the rank Key Grip
    condition: {{type: rank_reached, threshold: 2}}
    reward: 40
    hidden: false
  - id: full_week
    description: Come back 7 days in a row
    condition: {{type: daily_streak, threshold: 7}}
    reward: 100
    hidden: false
  - id: collector
    description: Use three different emotes
    condition: {{type: unique_emotes_used_lifetime, threshold: 3}}
    reward: 30
daily_competitions:
  - id: chatterbox
    description: Write 50 messages in a day
    condition: {{type: daily_threshold, field: messages_sent, threshold: 50}}
    reward: 20
  - id: gif_champion
    description: Post the most GIFs of the day
    condition: {{type: daily_top, field: gifs_posted}}
    reward: 35
commands: {{rate_limit_per_minute: 60}}
mediacms: {{base_url: {catalogue_url}, web_queue_redirect: false}}
spending:
  queue_tiers:
    - {{max_minutes: 15, label: Short, cost: 20}}
    - {{max_minutes: 35, label: Episode, cost: 40}}
    - {{max_minutes: 65, label: Long Episode, cost: 60}}
    - {{max_minutes: 999, label: Feature, cost: 80}}
  playnext_premium: true
  interrupt_play_next: 120
  force_play_now: 180
  max_queues_per_day: 6
  queue_cooldown_minutes: 1
inflation:
  enabled: true
  anchor_float: 5000
  min_multiplier: 0.5
  max_multiplier: 2.0
  update_interval_seconds: 60
tipping: {{min_account_age_minutes: 0}}
bounties: {{min_amount: 10, max_amount: 5000, default_expiry_hours: 1}}
vanity_shop:
  custom_greeting: {{cost: 50}}
  custom_title: {{cost: 80}}
  chat_color: {{cost: 70}}
  channel_gif: {{cost: 150}}
  shoutout: {{cost: 20, cooldown_minutes: 3}}
  daily_fortune: {{cost: 5}}
  rename_currency_personal: {{cost: 60}}
shop:
  items:
    - id: popcorn
      name: Popcorn for everybody
      price: 15
      effect: announce
      text: "🍿 {{user}} hands popcorn round"
    - id: lamp
      name: The Lamp
      price: 30
      description: Light for everybody, while there are lamps
      stock: 2
      per_user: 1
      effect: announce
      text: "💡 {{user}} has switched on {{item}}"
    - id: double
      name: Double Time
      price: 100
      cooldown_minutes: 10
      effect: event
      multiplier: 2.0
      minutes: 5
    - id: usher
      name: Usher's badge
      price: 40
      per_user: 1
      effect: title
      text: Usher
    - id: poster
      name: Poster in the foyer
      price: 60
      description: Say what it shows; the operators pin it up
      effect: approval
gambling:
  min_account_age_minutes: 0
  spectacle_cooldown_seconds: 20
  spin: {{cooldown_seconds: 3}}
  flip: {{cooldown_seconds: 3}}
  heist: {{enabled: true, join_window_seconds: 30, cooldown_seconds: 30, max_payout_factor: 2.1}}
  trivia: {{api_url: ""}}
"""


def demo_settings(
    nats_url: str,
    domain: str,
    channel: str,
    bot: str,
    database: Path,
    minute: int = 0,
    *,
    catalogue_url: str = "",
) -> str:
    """The text of a ``config.yaml`` for the demo's bus, with a free port for the metrics.

    The demo starts in this ``minute`` of the hour: its event comes soon after, and again and again.
    Without a ``catalogue_url`` there is nothing to queue from.
    """
    return _TEMPLATE.format(
        nats_url=json.dumps(nats_url),
        domain=domain,
        channel=channel,
        bot=bot,
        database=json.dumps(str(database)),
        catalogue_url=json.dumps(catalogue_url),
        port=_free_port(),
        every_hour=", ".join(map(str, range(24))),
        event_minutes=f"{(minute + _EVENT_AFTER_MINUTES) % _EVENT_EVERY_MINUTES}-59"
        f"/{_EVENT_EVERY_MINUTES}",
    )


def _free_port() -> int:
    # The configuration wants a number; nobody else is likely to take it within the second.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
