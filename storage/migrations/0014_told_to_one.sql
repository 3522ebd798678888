-- Of an operator's words to one person alone: whom they were said to.
alter table history add column told bigint;
