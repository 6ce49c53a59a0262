"""How many events a workspace has: exactly, without counting the whole log each time.

The wire wants totals (`docs/architecture.md` section 4). A counter row would be one that all actions of a workspace
wait for; but the sealer has counted what it sealed, and below the id up to which it did nothing can still appear,
however late it is committed (`events.seals.sealer`). Only what is above is counted. Retention is the only one that
removes rows, and its receipts say how many.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

_TOTAL: Final = """
SELECT COALESCE((SELECT size FROM events_seallog WHERE workspace_id = %(workspace)s), 0)
     - COALESCE((SELECT SUM(removed) FROM events_retentionreceipt WHERE workspace_id = %(workspace)s), 0)
     + (SELECT COUNT(*) FROM events_event WHERE workspace_id = %(workspace)s
        AND id > COALESCE((SELECT sealed_id FROM events_sealstate WHERE id = 1), 0))
"""


def events_in_log(workspace_id: int) -> int:
    """Return the number of events of a workspace. One query, which counts what is not sealed yet.

    Args:
        workspace_id: whose log.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOTAL, {"workspace": workspace_id})
        return int(cursor.fetchone()[0])
