-- What opens a delivery's doors, as it was booked. Known of those alone that have, or had to have, a
-- certain kind of code; of any other nothing is written, and what is configured counts.
alter table deliveries add column drop_off_opener text;
alter table deliveries add column pick_up_opener text;
update deliveries set drop_off_opener = coalesce(
    (select form from codes where codes.delivery = deliveries.id and kind = 'drop_off'),
    case when reservation is not null then 'token' end
) where state in ('reserved', 'rented');
update deliveries set pick_up_opener = (
    select form from codes where codes.delivery = deliveries.id and kind = 'pick_up'
) where state = 'stored';
update deliveries set pick_up_opener = 'link' where drop_off_opener = 'link';

-- Until when a code may open the door that was shown to somebody who is no longer to use it.
alter table deliveries add column old_code_until bigint;

-- Digits for a keypad, sealed, and Harbor's id of a link.
alter table codes add column digits text;
alter table codes add column request bigint;

-- What a location is called, where several towers stand at it.
alter table towers add column location_name text;

-- What a sender has prepared for a tower.
create index deliveries_prepared on deliveries (sender) where state = 'prepared';
