"""The ready-made command that sells something."""

import json
import shlex
from datetime import UTC, datetime, timedelta, timezone

from humidor_cli.sample.business import SELLING_STORE_ID, selling_product
from humidor_common.ids import uuid7_text

_QUANTITY_PACKS = 2


def sale_command(gateway_url: str, terminal_key: str) -> str:
    """A curl that posts a new sale of the sample business each time it is printed."""
    product = selling_product()
    sold_at = datetime.now(UTC).astimezone(timezone(timedelta(hours=8))).replace(microsecond=0)
    price = product.retail_price_per_pack_minor
    sale = {
        "sale_id": uuid7_text(),
        "store_id": SELLING_STORE_ID,
        "sold_at": sold_at.isoformat(),
        "currency": "CNY",
        "lines": [
            {
                "line": 1,
                "gtin": product.gtin,
                "quantity": _QUANTITY_PACKS,
                "unit": "pack",
                "unit_price": price,
                "lot": None,
                "code": None,
            }
        ],
        "payments": [{"method": "wechat_pay", "amount": _QUANTITY_PACKS * price}],
        "member_id": None,
        "age_check": {"method": "id_seen", "passed": True},
    }
    return (
        f"curl -sS {gateway_url}/pos/v1/sales \\\n"
        f"  -H {shlex.quote(f'Authorization: Bearer {terminal_key}')} \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(json.dumps(sale, ensure_ascii=False))}"
    )
