namespace Headroom.Simulate;

/// <summary>What one process holds of its GPU's memory, in bytes.</summary>
internal sealed class DeviceMemory(MemorySpec spec, Dice dice)
{
    // CUDA maps device memory in pieces of 2 MiB.
    private const long Granule = 2L << 20;

    private long _leaked;
    private long _fragmented;
    private bool _exists;
    private bool _loaded;
    private bool _worked;

    public long Held => _exists ? spec.ContextBytes + Reserved : 0;

    /// <summary>What the framework has taken.</summary>
    public long Reserved => (_loaded ? spec.WeightsBytes : 0) + (_worked ? spec.WorkingBytes : 0) + _leaked + _fragmented;

    /// <summary>What of it is in use.</summary>
    public long Allocated(bool busy) => (_loaded ? spec.WeightsBytes : 0) + (busy && _worked ? spec.WorkingBytes : 0) + _leaked;

    public long Fragmented => _fragmented;

    /// <summary>The process makes its context.</summary>
    public bool Create(long room)
    {
        _exists = spec.ContextBytes <= room;
        return _exists;
    }

    public bool Load(long room)
    {
        _loaded = spec.WeightsBytes <= room;
        return _loaded;
    }

    /// <summary>Once after each request.</summary>
    /// <param name="room">Bytes that it may grow by.</param>
    /// <returns>False: out of memory, and nothing left to give back first.</returns>
    public bool AfterRequest(long room)
    {
        var fragment = 0L;
        if (spec.FragmentBytesPerRequest > 0)
            fragment = Math.Min(Round(2 * dice.Unit() * spec.FragmentBytesPerRequest), Math.Max(0, spec.FragmentLimitBytes - _fragmented));
        var working = _worked ? 0 : spec.WorkingBytes;
        var need = working + spec.LeakBytesPerRequest + fragment;
        if (need > room && _fragmented > 0)
        {
            // What a caching allocator does: empty the cache, try again.
            room += _fragmented;
            _fragmented = 0;
        }
        // What needs nothing never fails, also above a cap that was lowered.
        if (need > 0 && need > room)
            return false;
        _worked = true;
        _leaked += spec.LeakBytesPerRequest;
        _fragmented += fragment;
        return true;
    }

    /// <summary>The server's weights go to host memory and its caches are given up; the context stays, and what has leaked.</summary>
    public void Offload()
    {
        _fragmented = 0;
        _loaded = _worked = false;
    }

    public void Free()
    {
        _leaked = _fragmented = 0;
        _exists = _loaded = _worked = false;
    }

    private static long Round(double bytes) => (long)Math.Round(bytes / Granule) * Granule;
}
