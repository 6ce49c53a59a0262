"""QR codes as pictures made by the server."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode


@sensitive_variables()
def qr_svg(text: str) -> SafeString:
    """Return a QR code as inline SVG, black on what is below it; without styles, which the policy of our pages forbids.

    Args:
        text: what the code says.
    """
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return format_html(
        '<svg viewBox="0 0 {0} {0}" role="img" aria-label="{1}" shape-rendering="crispEdges">'
        '<path fill="#000" d="{2}"/></svg>',
        len(rows),
        _("QR code of the key"),
        path,
    )
