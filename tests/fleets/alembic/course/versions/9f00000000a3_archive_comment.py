"""The second head."""
from alembic import op

revision = '9f00000000a3'
down_revision = '9f00000000a2'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("COMMENT ON SCHEMA archive IS 'what was; and is no more'")


def downgrade():
    op.execute("COMMENT ON SCHEMA archive IS NULL")
