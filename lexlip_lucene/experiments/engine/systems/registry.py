"""The systems that the bench knows, in the order of its tables. Flat dense search is not here: it has other vectors."""

from lexlip_lucene.experiments.engine.systems.bmp import Bmp
from lexlip_lucene.experiments.engine.systems.ours import Ours
from lexlip_lucene.experiments.engine.systems.pisa import Pisa
from lexlip_lucene.experiments.engine.systems.seismic import Seismic
from lexlip_lucene.experiments.engine.systems.sindi import Sindi
from lexlip_lucene.experiments.engine.systems.stock import Stock
from lexlip_lucene.experiments.engine.systems.system import System

SYSTEMS: dict[str, System] = {system.name: system for system in (Ours(), Stock(), Sindi(), Bmp(), Pisa(), Seismic())}
"""Name → system."""
