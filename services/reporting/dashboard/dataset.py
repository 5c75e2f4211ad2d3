"""A public campaign as search engines of data read it: schema.org's Dataset in JSON-LD."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from services.common.campaign import Campaign
from services.reporting.answers import TYPES, Form
from services.reporting.dashboard.labels import Language, labels, said

FORMS: tuple[Form, ...] = ("json", "csv", "xlsx", "pdf")


def dataset(campaign: Campaign, root: str, lang: Language) -> dict[str, Any]:
    """The description of a campaign's rankings.

    Args:
        campaign: a public one.
        root: the address of the service as the reader knows it, without a slash at its end.
        lang: of names and description.
    """
    page = f"{root}/c/{campaign.code}"
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": said(campaign.title, lang),
        "description": labels(lang)["dataset.description"].format(title=said(campaign.title, lang)),
        "url": page,
        "identifier": campaign.code,
        "version": str(campaign.version),
        "inLanguage": ["vi", "en"],
        "isAccessibleForFree": True,
        "temporalCoverage": f"{campaign.opens.date().isoformat()}/{campaign.closes.date().isoformat()}",
        "variableMeasured": [said(field.name, lang) for field in campaign.fields],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": said(block.name, lang),
                "encodingFormat": TYPES[form],
                "contentUrl": f"{root}/v1/campaigns/{campaign.code}/rankings.{form}?{urlencode({'block': block.code})}",
            }
            for block in campaign.blocks
            for form in FORMS
        ],
    }
