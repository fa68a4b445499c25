"""Cursor pagination: stable under inserts, constant cost at any depth."""

from rest_framework.pagination import CursorPagination as BasePagination


class CursorPagination(BasePagination):
    """Pages of `limit` rows (50, at most 200), newest first unless the view says otherwise."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"
