"""Services that were renamed: one whose places and image another took over. Not here: renames that a person tells."""

import pandas as pd


def renames(rows: pd.DataFrame, images: pd.DataFrame) -> dict[str, str]:
    """Find the services that are another one's new name.

    In ECS a service that is renamed is a new service. It is taken for the old one where all its places were the old
    one's, the old one was never deployed in them again, and both ran images of one repository that no third one ran;
    services that merely share an image go on being deployed beside each other.

    Parameters
    ----------
    rows, images : DataFrame
        The tables `service_deployments` and `service_images`.

    Returns
    -------
    dict of str to str
        New name → the first name.
    """
    if not len(rows) or rows["service"].nunique() < 2:
        return {}
    place = rows["account"].astype("str") + "/" + rows["region"].astype("str") + "/" + rows["cluster"].astype("str")
    table = pd.DataFrame({"service": rows["service"], "place": place, "at": rows["created_at"]})
    times = table.groupby(["service", "place"])["at"].agg(["min", "max"])
    places = {str(service): own.droplevel(0) for service, own in times.groupby(level=0)}
    repositories = _repositories(rows, images)
    found: dict[str, str] = {}
    for new in sorted(places, key=lambda name: places[name]["min"].min()):
        old = [each for each in places if each != new and _follows(places[new], places[each])]
        shared = [each for each in old if repositories.get(new, set()) & repositories.get(each, set())]
        if len(shared) == 1:
            found[new] = found.get(shared[0], shared[0])
    return found


def _follows(new: pd.DataFrame, old: pd.DataFrame) -> bool:
    last = old["max"].reindex(new.index)
    return bool(last.notna().all() and (last <= new["min"]).all())


def _repositories(rows: pd.DataFrame, images: pd.DataFrame) -> dict[str, set[str]]:
    """Service → the repositories of its images that at most two services ever ran."""
    of = pd.Series(rows["service"].to_numpy(), index=rows["target_revision"])
    of = of[~of.index.duplicated()]
    repository = images["image"].astype("str").str.replace(r"(:[^:/@]+)?(@sha256:[0-9a-f]+)?$", "", regex=True)
    table = pd.DataFrame({"service": images["revision"].map(of), "image": repository}).dropna().drop_duplicates()
    users = table.groupby("image")["service"].transform("nunique")
    return {str(service): set(own["image"]) for service, own in table[users <= 2].groupby("service")}
