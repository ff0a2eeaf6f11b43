"""Both branches come together."""

revision = 'e0000000f001'
down_revision = ('a0000000b003', 'c0000000d002')
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
