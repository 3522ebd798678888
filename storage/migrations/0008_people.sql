-- Whoever was picked is the recipient, whether the bot has met them or not: `awaited` until they open
-- it. `picked_by` named them without asking; `declined`: whoever goes by `recipient_name` takes no
-- parcel that way, so somebody else is to be found, or they are to be asked.
alter table deliveries add column awaited smallint not null default 0;
alter table deliveries add column picked_by bigint;
alter table deliveries add column declined smallint not null default 0;
create index deliveries_awaiting on deliveries (recipient) where awaited = 1;

-- Whether a parcel may be somebody's because another has picked them, and whose may not be.
alter table people add column pickable smallint not null default 1;
create table refusals (
    person bigint not null,
    sender bigint not null,
    at bigint not null,
    primary key (person, sender)
);
