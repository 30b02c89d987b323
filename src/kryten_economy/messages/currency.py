"""How the currency is called in texts and templates (`spec/announcements.md` 2)."""

from kryten_economy.config.core import Currency

__all__ = ("currency_variables",)


def currency_variables(currency: Currency) -> dict[str, object]:
    """The template variables every template may use."""
    return {
        "currency": currency.name,
        "currency_plural": currency.plural,
        "symbol": currency.symbol,
    }
