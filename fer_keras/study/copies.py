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
        f"Of the {len(others):,} faces kept from training {share:.1%} have a copy there, which a net can know by "
        "heart. So an accuracy is given with such faces and without."
    )
