/** The files that were dropped, with those in dropped folders, each under its path. */
export async function filesOf(transfer: DataTransfer): Promise<File[]> {
  // The list is emptied as soon as the event is over, so all entries are taken before anything is awaited.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  if (entries.every((entry) => entry === null)) return [...transfer.files];
  const found = await Promise.all(entries.map((entry) => (entry ? below(entry, '') : [])));
  return found.flat();
}

async function below(entry: FileSystemEntry, folder: string): Promise<File[]> {
  // What systems and editors leave in folders is no document.
  if (entry.name.startsWith('.') && folder) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [folder ? new File([file], `${folder}/${file.name}`, { type: file.type }) : file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const path = folder ? `${folder}/${entry.name}` : entry.name;
  const found: File[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!batch.length) return found;
    for (const inner of batch) found.push(...(await below(inner, path)));
  }
}
