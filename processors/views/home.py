"""The workspace's home and a product's overview."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from processors.queries import overview, workers
from processors.queries.waiting_for_people import waiting_for_people
from products.views.base import ProductPage, WorkspacePage


class HomePage(WorkspacePage):
    """Products with their health, what failed, who works, and the first steps."""

    template = "processors/home/page.html"
    fragment = "processors/home/_home.html"
    section = "home"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Everything of the last 24 hours."""
        steps = overview.first_steps(self.actor)
        return self.show(
            request,
            cards=overview.product_cards(self.actor),
            waiting=waiting_for_people(self.actor),
            failures=overview.latest_failures(self.actor),
            workers=workers.live_workers(self.actor, stopped=False),
            oldest_queued=overview.oldest_queued(self.actor),
            steps=[] if all(step.done for step in steps) else steps,
            steps_done=sum(step.done for step in steps),
        )


class OverviewPage(ProductPage):
    """Numbers, bars, latest runs, environments and what fails most, in one environment."""

    template = "processors/overview/page.html"
    fragment = "processors/overview/_overview.html"
    section = "product-overview"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Everything of the last 24 hours."""
        if self.environment is None:
            return self.show(request)
        here = (self.actor, self.product, self.environment)
        cards = overview.environment_cards(self.actor, self.product, self.environments)
        return self.show(
            request,
            cards=cards,
            numbers=next(card.numbers for card in cards if card.environment.pk == self.environment.pk),
            before=overview.previous_day(*here),
            chart=overview.chart(*here),
            waiting=waiting_for_people(*here),
            latest=overview.latest_runs(*here),
            failing=overview.failing_most(*here),
        )
