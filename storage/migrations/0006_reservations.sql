-- A reservation's id is kept as Harbor gave it: a number, or a text (a UUID).
alter table deliveries add column reservation_id text;
update deliveries set reservation_id = cast(reservation as text);
alter table deliveries drop column reservation;
alter table deliveries rename column reservation_id to reservation;
