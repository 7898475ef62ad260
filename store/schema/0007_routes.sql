-- The newest calls of one route, however rare it is among those of its boundary.
CREATE INDEX calls_by_route_in_time ON calls (boundary, route, created_at);
