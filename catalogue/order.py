"""The order of what waits for one another: what comes after what, how long it takes at most, and what may be at once.

Steps of a run that do not wait for one another, even through others, may stand at the same time, on every platform.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Set
from heapq import heapify, heappop, heappush


def in_order(waits: Mapping[str, Collection[str]]) -> list[str]:
    """The names, each after those that it waits for, and by name where the order is open, so that it is the same
    however the names came. What waits for itself, or for what is not there, is left out, with all that waits for it.
    """
    order, later = list[str](), defaultdict[str, list[str]](list)
    left = {name: set(before) for name, before in waits.items()}
    for name, before in left.items():
        for one in before:
            later[one].append(name)
    ready = [name for name, before in left.items() if not before]
    heapify(ready)
    while ready:
        order.append(heappop(ready))
        for name in later[order[-1]]:
            left[name].remove(order[-1])
            if not left[name]:
                heappush(ready, name)
    return order


def all_before(waits: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """For each name of `in_order` all that has ended before it begins."""
    found: dict[str, frozenset[str]] = {}
    for name in in_order(waits):
        found[name] = frozenset(waits[name]).union(*(found[one] for one in waits[name]))
    return found


def longest(lasts: Mapping[str, float], waits: Mapping[str, Collection[str]]) -> float:
    """How long all of it takes at most: the longest way from one to the next. What `in_order` leaves out, nobody knows
    the place of, and it counts as if it came by itself.
    """
    ends: dict[str, float] = {}
    for name in in_order(waits):
        ends[name] = lasts[name] + max((ends[one] for one in waits[name]), default=0.0)
    return max(ends.values(), default=0.0) + sum(lasts[name] for name in lasts.keys() - ends.keys())


def most_at_once(amounts: Mapping[str, int], before: Mapping[str, Set[str]]) -> int:
    """The most that may be needed at once: the largest sum of amounts of names of which none is before another.

    `before` has all that comes before a name, as `all_before` makes it. The sum is exact for any number of names, by
    the theorem of Dilworth: all together, less the most that can be handed on from what ends to what comes later. What
    is handed on is a flow, and each pass below finds a way on which there is more of it.
    https://en.wikipedia.org/wiki/Dilworth%27s_theorem
    """
    later = {name: [one for one in amounts if name in before.get(one, ())] for name in amounts}
    gives, takes = dict(amounts), dict(amounts)
    flow = {name: dict.fromkeys(later[name], 0) for name in amounts}
    for start in amounts:
        while gives[start] and (way := _way(start, later, takes, flow)):
            most = min(gives[start], takes[way[-1][1]], *(flow[giver][taker] for giver, taker in way[1::2]))
            for number, (giver, taker) in enumerate(way):
                flow[giver][taker] += -most if number % 2 else most
            gives[start] -= most
            takes[way[-1][1]] -= most
    return sum(gives.values())


def _way(
    start: str, later: Mapping[str, list[str]], takes: Mapping[str, int], flow: Mapping[str, Mapping[str, int]]
) -> list[tuple[str, str]]:
    """The shortest way from a giver to what can take more: pairs of giver and taker, of which each second one gives
    back what it had handed on. Empty where there is none.
    """
    came, ahead = dict[str, tuple[str, tuple[str, str] | None]](), deque[tuple[str, tuple[str, str] | None]]()
    ahead.append((start, None))
    while ahead:
        giver, by = ahead.popleft()
        for taker in later[giver]:
            if taker in came:
                continue
            came[taker] = (giver, by)
            if takes[taker]:
                return _back(came, taker)
            ahead += [(other, (other, taker)) for other in flow if flow[other].get(taker)]
    return []


def _back(came: Mapping[str, tuple[str, tuple[str, str] | None]], taker: str) -> list[tuple[str, str]]:
    giver, by = came[taker]
    way = [(giver, taker)]
    while by is not None:
        way += [by, (came[by[1]][0], by[1])]
        by = came[by[1]][1]
    return way[::-1]
