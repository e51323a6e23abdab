return await Headroom.Cli.HeadroomCommand.InvokeAsync(args);
