"""Where heavy work is done: by processes of this machine, or on a Dask cluster by one setting.

`HUMIDOR_DASK_ADDRESS` names the scheduler; without it the work stays here. What works imports nothing of this
package but `work`, and this package imports no library of models and Dask only where an address is given.
"""
