-- Kept free for the step that is written elsewhere at the same time.
SELECT 1;
