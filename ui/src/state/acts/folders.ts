// What can be done to folders.
import type { App } from "../app.svelte";

/** Makes a folder and lets the user name it in place. */
export async function newFolder(app: App, parentId: string | null): Promise<void> {
  const made = await app.attempt(app.host.call("create_folder", { name: "New folder", parentId }));
  if (!made) return;
  if (parentId !== null) app.folders.open(parentId);
  app.layout.show("sidebar");
  await app.readSidebar();
  app.folders.naming = made.folderId;
}

export async function renameFolder(app: App, folderId: string, to: string): Promise<void> {
  app.folders.naming = null;
  const trimmed = to.trim();
  if (trimmed !== "" && trimmed !== app.folderName(folderId))
    await app.attempt(app.host.call("rename_folder", { folderId, name: trimmed }));
}

export async function moveFolder(app: App, folderId: string, parentId: string | null): Promise<void> {
  const before = app.sidebar.folders.find(({ id }) => id === folderId)?.parentId ?? null;
  if (before === parentId || folderId === parentId) return;
  const said = `Moved “${app.folderName(folderId)}” ${parentId === null ? "to the top" : `into ${app.folderName(parentId)}`}.`;
  if (!(await app.attempt(app.host.call("move_folder", { folderId, parentId })))) return;
  if (parentId !== null) app.folders.open(parentId);
  app.toasts.show(said, {
    key: folderId,
    action: { label: "Undo", run: () => void moveFolder(app, folderId, before) },
  });
}

export function deleteFolder(app: App, folderId: string): void {
  const run = async (): Promise<void> => {
    if (app.list.view.kind === "folder" && app.list.view.folderId === folderId) app.showView({ kind: "all" });
    await app.attempt(app.host.call("delete_folder", { folderId }));
  };
  const text = "The folders in it move up. Notes are never deleted with a folder: you find them under No folder.";
  app.overlay.ask({
    title: `Delete the folder “${app.folderName(folderId)}”?`,
    text,
    verb: "Delete folder",
    danger: true,
    run: () => void run(),
  });
}
