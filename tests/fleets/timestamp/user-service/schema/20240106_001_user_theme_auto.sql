-- Migration: One theme more
-- Service: user-service
-- Author: kay
-- Date: 2024-01-06
-- Dependencies: 20240105_002

ALTER TYPE theme ADD VALUE IF NOT EXISTS 'auto';
