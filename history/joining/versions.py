"""Which version a service revision is: the digest of the container that changes, or a tag that names one digest.

A log router's digest is the same everywhere and in every version, so it says nothing. Not here: what ran before
(`history.joining.kinds`).
"""

import numpy as np
import pandas as pd

_DIGEST = r"@(sha256:[0-9a-f]{64})$"
_TAG = r":([^:/@]+)(?:@sha256:[0-9a-f]+)?$"
# A tag without a digit ("latest", "stable", "main") is one that people move.
_FIXED_TAG = r"\d"


def revision_versions(images: pd.DataFrame, services: "pd.Series[str]") -> pd.DataFrame:
    """Say of each revision which version it is.

    Parameters
    ----------
    images : DataFrame
        The table `service_images`.
    services : Series of str
        Revision → service.

    Returns
    -------
    DataFrame
        By revision: `version`, `identity` (how it is known: ``digest``, ``tag``), `others` (what the other containers
        run, one text) and `tag`.
    """
    if not len(images):
        empty = pd.Index([], dtype=object, name="revision")
        return pd.DataFrame({name: [] for name in ("version", "identity", "others", "tag")}, index=empty, dtype=object)
    frame = pd.DataFrame({"revision": images["revision"].astype(object), "container": images["container"]})
    frame["service"] = frame["revision"].map(services)
    image = images["image"].astype("str")
    frame["image"] = image
    frame["tag"] = image.str.extract(_TAG, expand=False).astype(object)
    frame["digest"] = (
        images["digest"].astype(object).where(images["digest"].notna(), image.str.extract(_DIGEST, expand=False))
    )
    frame["known"] = frame["digest"].where(frame["digest"].notna(), _by_tag(frame))
    frame["identity"] = np.where(frame["digest"].notna(), "digest", "tag")
    own = _own_containers(frame)
    mine = frame["container"].to_numpy() == frame["service"].map(own).to_numpy()
    app = frame[mine].drop_duplicates("revision").set_index("revision")
    rest = frame[~mine].sort_values(["revision", "container"])
    told = rest["container"].astype(str) + "=" + rest["known"].astype(str)
    others = told.groupby(rest["revision"]).agg(" ".join)
    found = app[["known", "identity", "tag"]].rename(columns={"known": "version"})
    found["others"] = others.reindex(found.index).fillna("")
    return found[["version", "identity", "others", "tag"]]


def _by_tag(frame: pd.DataFrame) -> "pd.Series[str]":
    """Return the version that a tag names: the one digest it was resolved to elsewhere, or the tag where none is known.

    A tag that named two digests, or has no digit in it, was moved or may be: it names nothing.
    """
    place = ["service", "container", "tag"]
    digests = frame[frame["digest"].notna()].groupby(place, dropna=True)["digest"].agg(["first", "nunique"])
    joined = frame[place].join(digests, on=place)
    fixed = joined["tag"].astype("str").str.contains(_FIXED_TAG, na=False) & joined["tag"].notna()
    own = ("tag " + joined["tag"].astype("str")).where(fixed)
    return joined["first"].where(joined["nunique"] == 1, own.where(joined["nunique"].isna())).astype(object)


def _own_containers(frame: pd.DataFrame) -> "pd.Series[str]":
    """Service → the container whose image makes its versions: the one that had most, and is no other service's."""
    by = frame.groupby(["service", "container"])
    count = by["known"].nunique().rename("count").reset_index()
    users = frame.groupby("known")["service"].nunique()
    shared = (
        frame.assign(shared=frame["known"].map(users).fillna(1) > 1).groupby(["service", "container"])["shared"].mean()
    )
    named = pd.Series(
        [str(service) in str(image) for service, image in zip(frame["service"], frame["image"], strict=True)],
        index=frame.index,
    )
    fits = named.groupby([frame["service"], frame["container"]]).mean()
    count["shared"] = shared.to_numpy()
    count["fits"] = fits.to_numpy()
    order = ["count", "shared", "fits", "container"]
    best = count.sort_values(order, ascending=[False, True, False, True]).drop_duplicates("service")
    return best.set_index("service")["container"]
