#ifndef HM_RESTORE_ENERGY_H
#define HM_RESTORE_ENERGY_H

/* Whose energies a restored database has. */
enum hm_restored_energy {
	HM_ENERGIES_OF_BACKUP, /* no others are newer */
	HM_ENERGIES_KEPT,      /* those of the database that it replaces */
	HM_ENERGIES_LOST,      /* the backup's; newer ones cannot be read */
};

/*
 * Copy hm-filter's ledger from the database `old`, which nobody writes to, into
 * `fresh`, if it is newer: otherwise the energies that are shown would fall.
 */
enum hm_restored_energy hm_restore_energy(const char *old,
    const char *fresh);

#endif
