"""The adapters there are. A further channel is a module here, its configuration and a line in each table."""

from collections.abc import Mapping

from humidor_customers.channels.adapter import Adapter, AdapterName
from humidor_customers.channels.bridge import Bridge
from humidor_customers.channels.mail import Mail
from humidor_customers.channels.tencent_sms import TencentSms
from humidor_customers.channels.wecom import Wecom

ADAPTERS: Mapping[AdapterName, Adapter] = {
    "email": Mail(),
    "sms_tencent": TencentSms(),
    "wecom_kf": Wecom(),
    "bridge": Bridge(),
}
