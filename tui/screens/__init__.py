"""The pages behind the tabs, and the screens that open over them."""
