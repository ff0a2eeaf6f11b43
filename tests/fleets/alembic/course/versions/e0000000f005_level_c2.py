"""A value more."""
from alembic import op

revision = 'e0000000f005'
down_revision = 'e0000000f004'
branch_labels = None
depends_on = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE level ADD VALUE 'c2'")


def downgrade():
    pass
