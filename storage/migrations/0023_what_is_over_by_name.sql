-- Where a parcel was, and when it was over, beside the words of its name: so the latest of very many
-- that are called alike are found from one index. Written when the delivery ends; null before.
alter table parcel_words add column tower text;
alter table parcel_words add column ended_at bigint;
update parcel_words set
    tower = (select tower from deliveries where id = parcel_words.delivery),
    ended_at = (
        select coalesce(changed_at, 0) from deliveries where id = parcel_words.delivery
        and state in ('cancelled', 'closed', 'collected', 'lapsed', 'no_locker')
    );
drop index parcel_by_word;
create index parcel_by_word on parcel_words (word, ended_at, tower, delivery);
