"""Connections that were made before their hosts were kept: where they lead now is where their values may go."""

from django.db import migrations

from products.lib.origins import origins_of


def fill_hosts(apps, schema_editor):
    """From what is in clear; an address made of a secret has to be confirmed by saving the connection."""
    places = apps.get_model("products", "ConnectionEnvironment").objects
    action = apps.get_model("products", "Action").objects
    for place in places.select_related("connection__app", "app_environment").iterator():
        app = place.connection.app
        texts = {row.key: row.value for row in app.constants.all()}
        texts |= {row.key: row.default for row in app.variables.all() if row.default not in (None, "")}
        texts |= {row.key: row.value for row in place.values.filter(kind="variable", sealed=None)}
        plain = {key: str(value) for key, value in texts.items() if "$Secret{" not in str(value)}
        rows = action.filter(app=app).exclude(spec__base_url="").exclude(spec__base_url=None)
        urls = [place.app_environment.base_url, *rows.values_list("spec__base_url", flat=True).distinct()]
        place.allowed_hosts = list(origins_of(urls, plain))
        place.save(update_fields=["allowed_hosts"])


class Migration(migrations.Migration):
    """Data only."""

    dependencies = [("products", "0003_guarded_secrets")]

    operations = [migrations.RunPython(fill_hosts, migrations.RunPython.noop)]
