-- What was collected in a span of time; and how many doors of a tower that can be used were free, once an hour.
create index deliveries_by_collection on deliveries (collected_at) where collected_at is not null;
create table free_doors (
    at bigint not null,
    tower text not null,
    free bigint not null,
    doors bigint not null,
    primary key (at, tower)
);
