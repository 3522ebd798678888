-- A tower's zone may be unknown, and it stands in a country. Until now an unknown zone was written
-- down as UTC; what is written down as UTC is asked for anew.
alter table towers rename to towers_of_0004;
create table towers (
    id text not null primary key,
    place bigint not null,
    name text not null,
    address text not null,
    city text not null,
    latitude double precision,
    longitude double precision,
    zone text,
    hours text,
    location bigint,
    country text
);
insert into towers
select id, place, name, address, city, latitude, longitude, nullif(zone, 'UTC'), hours, location, null
from towers_of_0004;
drop table towers_of_0004;
