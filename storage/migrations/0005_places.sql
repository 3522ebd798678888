-- A tower stands in a country, and its zone may be unknown. Until now an unknown zone was written
-- down as UTC: what is written down as UTC is looked up anew.
alter table towers add column country text;
alter table towers add column known_zone text;
update towers set known_zone = nullif(zone, 'UTC');
alter table towers drop column zone;
alter table towers rename column known_zone to zone;
