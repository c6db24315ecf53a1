"""Which column of a file means what, by the names that people give to columns."""

import unicodedata
from collections.abc import Sequence

# In the order of preference: the first name that the header has wins. Compared without case, spaces, marks.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "sale": (
        *("invoiceno", "invoicenumber", "invoiceid", "invoice", "transactionid", "transactionno"),
        *("transactionnumber", "ticketnumber", "ticketno", "ticketid", "ticket", "receiptid", "receiptno"),
        *("receiptnumber", "receipt", "orderid", "orderno", "ordernumber", "billno", "billid", "billnumber"),
        *("basketid", "saleid", "salesid", "saleno", "transaction", "order", "bill", "basket", "bonnummer"),
        *(
            "rechnungsnummer",
            "订单号",
            "订单编号",
            "小票号",
            "小票编号",
            "流水号",
            "单号",
            "单据号",
            "交易号",
        ),
    ),
    "time": (
        *("invoicedate", "invoicedatetime", "invoicetime", "transactiondatetime", "transactiontimestamp"),
        *("saledatetime", "orderdatetime", "soldat", "datetime", "timestamp", "transactiondate", "trandate"),
        *("saledate", "salesdate", "orderdate", "purchasedate", "dateofsale", "orderpurchasetimestamp"),
        *("createdat", "date", "datum", "ds", "day", "fecha", "交易时间", "销售时间", "下单时间", "订单时间"),
        *("购买时间", "销售日期", "交易日期", "日期", "时间"),
    ),
    "clock": (
        *("time", "transactiontime", "saletime", "salestime", "ordertime", "timeofday", "heure", "hora"),
        *("uhrzeit", "交易时刻", "时刻"),
    ),
    "product": (
        *("stockcode", "gtin", "ean", "ean13", "barcode", "upc", "sku", "skuid", "productcode", "productid"),
        *("productno", "itemcode", "itemid", "itemno", "itemnumber", "articleid", "articleno", "articlecode"),
        *("plu", "artikelnummer", "商品编码", "商品条码", "条形码", "条码", "商品编号", "商品代码", "货号"),
        *("产品编码", "product", "item", "article", "artikel", "uniqueid", "productname", "itemname"),
        *("productline", "productcategory", "商品名称", "商品", "产品", "品名", "description"),
        *("itemdescription", "productdescription"),
    ),
    "description": (
        *("description", "productname", "itemname", "productdescription", "itemdescription", "productdetail"),
        *("articlename", "name", "bezeichnung", "beschreibung", "商品名称", "产品名称", "品名", "名称"),
        *("product", "item", "article", "productline", "productcategory"),
    ),
    "quantity": (
        *("quantity", "qty", "transactionqty", "orderqty", "salesqty", "unitssold", "units", "quantitysold"),
        *("soldquantity", "orderquantity", "itemcount", "numberofitems", "pieces", "menge", "anzahl"),
        *("cantidad", "quantite", "y", "count", "销售数量", "购买数量", "数量", "件数", "销量"),
    ),
    "price": (
        *("unitprice", "price", "priceperunit", "itemprice", "sellingprice", "salesprice", "saleprice"),
        *("retailprice", "rate", "preis", "einzelpreis", "stuckpreis", "precio", "prix", "prixunitaire"),
        *("销售单价", "单价", "售价", "价格", "成交价"),
    ),
    "amount": (
        *("linetotal", "totalamount", "totalprice", "totalamt", "amount", "total", "netamount", "sales"),
        *("salesamount", "salesvalue", "revenue", "value", "totalsales", "betrag", "importe", "montant"),
        *("销售金额", "金额"),
        *("总价", "总金额", "实付金额"),
    ),
    "currency": ("currency", "currencycode", "waehrung", "wahrung", "moneda", "devise", "币种", "货币"),
    "customer": (
        *("customerid", "customerno", "customernumber", "custid", "customercode", "memberid", "memberno"),
        *("membernumber", "loyaltyid", "loyaltycardno", "cardno", "cardnumber", "userid", "clientid"),
        *(
            "householdkey",
            "householdid",
            "customer",
            "client",
            "kundennummer",
            "会员号",
            "会员编号",
            "会员卡号",
        ),
        *("会员id", "顾客编号", "客户编号", "客户id", "用户id", "会员"),
    ),
    "store": (
        *(
            "storeid",
            "storecode",
            "storeno",
            "storenumber",
            "store",
            "shopid",
            "shopcode",
            "shop",
            "branchid",
        ),
        *("branch", "outletid", "outlet", "storelocation", "location", "locationid", "filiale", "tienda"),
        *("门店编号", "门店编码", "门店", "店铺", "店铺编号", "店号", "网点"),
    ),
    "country": ("country", "countrycode", "nation", "land", "pais", "pays", "国家", "国家地区"),
    "returned": (
        *("isreturn", "isreturned", "returned", "returnflag", "isrefund", "refund", "isrefunded", "return"),
        *("iscancelled", "transactiontype", "saletype", "movementtype", "是否退货", "退货", "交易类型"),
    ),
}


def plain_name(name: str) -> str:
    """Reduce a column's name to its letters and digits: `Customer ID` and `customer_id` are `customerid`."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in decomposed if character.isalnum())


def detect_columns(header: Sequence[str]) -> dict[str, str]:
    """Name the column of each field that the header has one for.

    A description column that is also the only product column serves as both.
    """
    by_name: dict[str, str] = {}
    for column in header:
        by_name.setdefault(plain_name(column), column)
    found: dict[str, str] = {}
    for field, names in SYNONYMS.items():
        name = next((name for name in names if name in by_name), None)
        if name is not None:
            found[field] = by_name[name]
    if "time" not in found and "clock" in found:
        found["time"] = found.pop("clock")
    return found
