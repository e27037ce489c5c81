"""A two-command Typer program, as its documentation writes one: what a command line costs in Python anyway."""

import typer

app = typer.Typer()


@app.command()
def hello(name: str) -> None:
    """Greet somebody."""
    print(f"Hello {name}")


@app.command()
def goodbye(name: str) -> None:
    """Take leave of somebody."""
    print(f"Goodbye {name}")


if __name__ == "__main__":
    app()
