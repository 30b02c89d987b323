"""Settings of a text model that writes game lines."""

from typing import Annotated, Literal

from pydantic import Field

from kryten_economy.config.remedies import CLAMP, DEFAULT
from kryten_economy.config.section import Count, PositiveCount, Section

__all__ = ("CommentaryLlm", "Llm", "NarrativeLlm", "TextMode")

TextMode = Annotated[Literal["static", "llm", "hybrid"], DEFAULT]

_HEIST_PROMPT = (
    "You write short, funny, harmless heist stories for the chat of a film channel. Answer with "
    "one JSON object and nothing else. Keys: scenario, win, lose, push; each value is one line "
    "of at most 280 characters. scenario may use {user}; win may use {payout}, {symbol} and "
    "{user}; lose and push may use {user} and {symbol}. Use no other placeholders, no markdown "
    "and no line breaks, and name no real people."
)
_RACE_PROMPT = (
    "You are the excited commentator of a toy-car race in the chat of a film channel. Answer "
    "with one JSON object and nothing else. Keys: start, lead_change, event, finish; each value "
    "is one line of at most 200 characters. lead_change, event and finish may use {racer} and "
    "{emoji}. Use no other placeholders, no markdown and no line breaks."
)


class Llm(Section):
    """A chat-completions endpoint. Times in seconds; an empty key sends no authorisation."""

    endpoint: str = "http://localhost:11434/v1/chat/completions"
    api_key: Annotated[str, Field(repr=False)] = ""
    model: str = "llama3"
    system_prompt: str = ""
    temperature: Annotated[float, Field(ge=0, le=10), CLAMP] = 1.0
    max_tokens: PositiveCount = 600
    timeout_seconds: PositiveCount = 10
    max_retries: Count = 1


class NarrativeLlm(Llm):
    """``gambling.heist.narrative.llm``."""

    system_prompt: str = _HEIST_PROMPT


class CommentaryLlm(Llm):
    """``gambling.race.commentary.llm``."""

    system_prompt: str = _RACE_PROMPT
    max_tokens: PositiveCount = 400
