"""The recorders, the mapper and the factory that the ``eventsourcing`` library asks for."""
