"""What an answer says of faces that stand in the training faces as well."""

import pandas as pd


def overlap(others: pd.DataFrame) -> str:
    """A sentence or two on the faces outside Training: a row a face, `any copy` says whether Training has one of it."""
    if not len(others):
        return "All of them are training faces: there is none to test a net on."
    if not others["any copy"].any():
        return "No face outside the training faces has a copy among them."
    share = others["any copy"].mean()
    return (
        f"{share:.1%} of the {len(others):,} faces kept from training have a copy there: a net can know these by heart."
    )
