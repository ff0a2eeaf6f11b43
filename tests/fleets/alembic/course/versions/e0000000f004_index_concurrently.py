"""Outside a transaction."""
from alembic import op

revision = 'e0000000f004'
down_revision = 'e0000000f003'
branch_labels = None
depends_on = None


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("idx_pupils_name", "pupils", ["name"], postgresql_concurrently=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("idx_pupils_name", postgresql_concurrently=True)
