"""The words that a record may use: columns, closed lists, units, and how each is said to a reader."""

from __future__ import annotations

from decimal import Decimal

__all__ = [
    "CATEGORIES",
    "COLUMNS",
    "CONCEPT_WORDS",
    "COUNT_UNITS",
    "ENUMS",
    "NON_MONETARY",
    "RATES",
    "RELATIONS",
    "USD_UNITS",
]

COLUMNS: tuple[str, ...] = (
    "id",
    "publisher",
    "report",
    "published",
    "category",
    "scope",
    "period_start",
    "period_end",
    "low_usd",
    "central_usd",
    "high_usd",
    "original_currency",
    "original_amount",
    "method",
    "source_url",
    "location",
    "verified",
    "caveat",
    "flow_concept",
    "rail",
    "geography_basis",
    "geography",
    "period_basis",
    "annual_rate",
    "bound",
    "status",
    "supersedes",
    "superseded_by",
    "subset_of",
    "same_money_as",
    "not_independent_of",
    "usd_basis",
    "confidence",
)

RELATIONS: tuple[str, ...] = ("supersedes", "superseded_by", "subset_of", "same_money_as", "not_independent_of")

# flow concept -> (heading, what it counts and what it does not); only equal concepts are like for like
CONCEPT_WORDS: dict[str, tuple[str, str]] = {
    "scam_inflow_attributed": (
        "Money that arrived at addresses attributed to scams",
        "A firm counts what its attributed addresses received. Addresses that it has not found are missing.",
    ),
    "victim_loss_reported": (
        "Losses that victims reported",
        "What victims told the police or a consumer body. Losses that nobody reported are missing.",
    ),
    "survey_loss": ("Losses scaled up from a survey", "A sample of people was asked and scaled up to a population."),
    "modelled_loss": ("Losses from a model", "Experts modelled the loss; nobody counted it."),
    "exit_inflow": (
        "Money that reached exchange deposits",
        "Traced from scams over several steps into exchanges. The same money can pass more than once.",
    ),
    "entry_from_exchanges": ("Money that left exchanges for scams", "The entry side, seen from the exchanges."),
    "modelled_revenue": (
        "Offenders' income from a model",
        "Head counts times an assumed yield; all ways to pay, not only crypto.",
    ),
    "incident_loss": ("Sums over listed incidents", "Each incident was listed and added up; unlisted ones are missing."),
    "case_total": ("One case", "One prosecution or one network."),
    "laundered": ("Proceeds that were moved", "Moved on, not newly taken: the same money can be moved by several hands."),
    "service_throughput": (
        "Throughput of one service",
        "Everything that a market or payment service handled. Not a loss, and not all of it linked to fraud.",
    ),
    "cost_of_crime_supply": ("What offenders paid their suppliers", "The cost side of the business."),
    "seized_or_frozen": ("Value seized or frozen", "Stopped, which does not mean returned to victims."),
    "count": ("Counts of persons, places and checks", "No money."),
    "qualitative": ("Statements without a number", "The publisher gave no figure."),
}

ENUMS: dict[str, frozenset[str]] = {
    "verified": frozenset({"yes", "no"}),
    "flow_concept": frozenset(CONCEPT_WORDS),
    "rail": frozenset({"crypto", "all_payments", "mixed", "na"}),
    "geography_basis": frozenset({"world", "victims_in", "offenders_in", "service", "case"}),
    "geography": frozenset(
        {
            "World",
            "United States",
            "United Kingdom",
            "Canada",
            "Australia",
            "Japan",
            "Singapore",
            "Hong Kong",
            "China",
            "Cambodia",
            "Myanmar",
            "Mekong region",
            "Southeast Asia",
            "East and Southeast Asia",
            "Europe",
            "Eastern Europe",
            "Middle East and North Africa",
        }
    ),
    "period_basis": frozenset({"payment_date", "report_date", "publication_stock", "case_period"}),
    "annual_rate": frozenset({"true", "false"}),
    "bound": frozenset({"point", "lower", "upper", "range"}),
    "status": frozenset({"first_print", "revision", "superseded", "current", "derived"}),
    "usd_basis": frozenset({"usd_in_source", "converted_by_us", "at_payment", "mark_to_market", "unknown"}),
    "confidence": frozenset({"high", "medium", "low"}),
}

# registry category -> the words of the text view
CATEGORIES: dict[str, str] = {
    "all_crypto_scams": "all crypto scams",
    "pig_butchering": "romance baiting",
    "ponzi_hyip": "Ponzi and high-yield schemes",
    "ponzi_plus_pig_butchering": "Ponzi schemes and romance baiting together",
    "rug_pull": "rug pulls",
    "approval_phishing": "approval phishing",
    "phishing": "phishing",
    "hacks_phishing_mixed": "hacks and phishing together",
    "crypto_investment_fraud": "crypto investment fraud",
    "crypto_nexus_all_crime": "all crime with a crypto element",
    "crypto_atm_fraud": "fraud through crypto ATMs",
    "all_fraud_paid_in_crypto": "all fraud paid in crypto",
    "romance_crypto": "romance fraud paid in crypto",
    "investment_fraud_all_payment": "investment fraud, all ways to pay",
    "romance_all_payment": "romance fraud, all ways to pay",
    "investment_plus_romance_all_payment": "investment and romance fraud, all ways to pay",
    "all_fraud": "all fraud, all ways to pay",
    "cyber_enabled_fraud_all_payment": "cyber-enabled fraud, all ways to pay",
    "sea_scam_centre_losses_all_payment": "losses to scam centres in Southeast Asia, all ways to pay",
    "scam_centre_revenue": "income of scam centres",
    "scam_supply_chain": "suppliers of scams",
    "laundering_throughput": "volume of a laundering market",
    "laundering_illicit_proceeds": "laundered proceeds",
    "seizure_or_freeze": "seizures and freezes",
    "police_operation": "a police operation",
    "trafficking_into_scam_centres": "people trafficked into scam centres",
    "organised_crime_all": "all income of organised crime",
}

NON_MONETARY = frozenset({"count", "qualitative"})
USD_UNITS = frozenset({"USD", "USD per year", "USDT", "BTC"})  # no conversion by exchange rate of ours

COUNT_UNITS = frozenset(
    {
        "persons arrested",
        "persons rescued",
        "persons held",
        "persons trafficked",
        "locations",
        "checks",
        "investigations",
        "countries",
    }
)


def _rate(low: str, high: str) -> tuple[Decimal, Decimal]:
    return Decimal(low), Decimal(high)


# US dollars per unit that any day of 2014-2026 could explain; a wrong label (AUD as USD) falls outside
RATES: dict[str, tuple[Decimal, Decimal]] = {
    "USD": _rate("1", "1"),
    "USD per year": _rate("1", "1"),
    "USDT": _rate("0.99", "1.01"),
    "EUR": _rate("1.00", "1.25"),
    "GBP": _rate("1.15", "1.42"),
    "AUD": _rate("0.60", "0.78"),
    "CAD": _rate("0.68", "0.82"),
    "SGD": _rate("0.72", "0.80"),
    "HKD": _rate("0.1270", "0.1295"),
    "JPY": _rate("0.0060", "0.0098"),
    "BTC": _rate("15000", "130000"),
}
